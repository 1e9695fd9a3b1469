//! M-PG: three nodes at one PostgreSQL with a synchronous standby. Nodes are killed, nodes sleep through their leases
//! while the others take over their work, and the primary is killed and its standby promoted, all under load.

use super::clock::Faketime;
use crate::prove::Ground;
use crate::prove::audit::Verdict;
use crate::prove::dice::Dice;
use crate::prove::load::Again;
use crate::prove::run::{BROKEN, Figures, Load, Run, Sending};
use crate::prove::stage::{Pattern, Server, Stage};
use anyhow::{Context as _, Result, ensure};
use ipnd_testkit::postgres as servers;
use postgres::{Client, NoTls};
use std::path::PathBuf;
use std::time::{Duration, Instant};

const NODES: usize = 3;
/// Longer than twice the longest lease.
const PAUSE_SECONDS: i64 = 700;
/// What I-15 promises: so long after the promotion, messages are accepted again.
const BACK_WITHIN: Duration = Duration::from_secs(10);

pub(crate) fn i_15_i_16_i_17_nodes_and_their_database(ground: &Ground) -> Result<Figures> {
    // Each round has servers of its own: of two, only one can be lost.
    let rounds = ground.pick(1, 10);
    let (kills, pauses) = ground.pick((6, 4), (30, 10));
    let mut dice = ground.dice();
    let mut slowest = Duration::ZERO;
    let mut verdicts = Vec::new();
    for number in 1..=rounds {
        let (took, verdict) =
            round(ground, &mut dice, kills, pauses).with_context(|| format!("round {number}"))?;
        slowest = slowest.max(took);
        verdicts.push(verdict);
    }
    let sum = |of: fn(&Verdict) -> u64| verdicts.iter().map(of).sum::<u64>();
    Ok(vec![
        format!(
            "{NODES} nodes; {} killed, {} pauses of {PAUSE_SECONDS} s by their clock, {rounds} failovers",
            kills * rounds,
            pauses * rounds
        ),
        format!("accepted again {} ms after a promotion, at the latest", slowest.as_millis()),
        format!(
            "lost 0, phantom 0, double 0, unacknowledged {}; of {} sent, {} acknowledged, {} stored",
            sum(|verdict| verdict.unacknowledged),
            sum(|verdict| verdict.sent),
            sum(|verdict| verdict.acknowledged),
            sum(|verdict| verdict.stored)
        ),
    ])
}

fn round(ground: &Ground, dice: &mut Dice, kills: u64, pauses: u64) -> Result<(Duration, Verdict)> {
    let mut cluster = Cluster::start(ground)?;
    let mut nodes = Nodes::start(&cluster)?;
    let load = cluster.load()?;
    for _ in 0..kills {
        nodes.one_is_killed(&cluster, dice)?;
    }
    let mut now = 0;
    for _ in 0..pauses {
        now += PAUSE_SECONDS;
        nodes.one_sleeps(&cluster, dice, now)?;
    }
    std::thread::sleep(Duration::from_millis(dice.between(200, 1_000)));
    let took = cluster.fail_over()?;
    std::thread::sleep(Duration::from_millis(500));
    load.stop()?;
    // What dead nodes held becomes free when the leases have run out.
    cluster.clock.set(now + PAUSE_SECONDS)?;
    cluster.run.settle()?;
    let verdict = cluster.run.audit(true)?;
    ensure!(verdict.acknowledged > kills + pauses, "too little was acknowledged: {}", verdict.text());
    Ok((took, verdict))
}

/// Two servers, the nodes' stages, and the load.
struct Cluster {
    primary: servers::Server,
    standby: servers::Server,
    stages: Vec<Stage>,
    run: Run,
    clock: Faketime,
    sender: PathBuf,
    // What the nodes say is written into its folder.
    _pattern: Pattern,
}

impl Cluster {
    fn start(ground: &Ground) -> Result<Self> {
        let primary = servers::Server::start(&[])?;
        let database = primary.database()?;
        let name = database.url.rsplit('/').next().context("a name")?.to_owned();
        let standby = primary.standby(&[])?;
        // From now on nothing is committed that the standby has not got.
        let mut client = Client::connect(&database.url, NoTls)?;
        client.batch_execute("ALTER SYSTEM SET synchronous_standby_names = '*'")?;
        client.batch_execute("SELECT pg_reload_conf()")?;
        let url = format!(
            "postgres://postgres@127.0.0.1:{},127.0.0.1:{}/{name}?sslmode=disable",
            primary.port(),
            standby.port()
        );
        let pattern = Pattern::make_in(&ground.pattern.ipnd, Some(url))?;
        let stages = (0..NODES).map(|_| pattern.stage()).collect::<Result<Vec<_>>>()?;
        let run = Run::new(pattern.stage()?)?;
        let clock = Faketime::at(&run.scratch("clock"))?;
        let sender = run.scratch("sender");
        std::fs::write(&sender, "0")?;
        Ok(Self { primary, standby, stages, run, clock, sender, _pattern: pattern })
    }

    fn load(&mut self) -> Result<Load> {
        let addresses: Vec<_> = self.stages.iter().map(|stage| stage.address).collect();
        self.run.load(Sending {
            to: &addresses,
            rate: 200,
            clock: Some(&self.sender),
            again: Again::Even,
            patience: 10_000,
            ..Sending::default()
        })
    }

    /// The primary is killed, the standby takes its place, and the old one is forgotten. Gives how long nothing was
    /// accepted after that.
    fn fail_over(&mut self) -> Result<Duration> {
        self.primary.kill();
        self.standby.promote()?;
        let promoted = Instant::now();
        let before = self.run.acknowledged()?;
        while self.run.acknowledged()? == before {
            ensure!(
                promoted.elapsed() < BACK_WITHIN,
                "{BROKEN}: nothing is accepted {BACK_WITHIN:?} after a promotion"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(promoted.elapsed())
    }
}

/// The running nodes.
struct Nodes {
    servers: Vec<Option<Server>>,
}

impl Nodes {
    fn start(cluster: &Cluster) -> Result<Self> {
        let start = |stage: &Stage| Ok(Some(stage.start(&cluster.clock.under())?.0));
        Ok(Self { servers: cluster.stages.iter().map(start).collect::<Result<_>>()? })
    }

    fn one_is_killed(&mut self, cluster: &Cluster, dice: &mut Dice) -> Result<()> {
        std::thread::sleep(Duration::from_millis(dice.between(50, 400)));
        let which = dice.below(NODES);
        if let Some(server) = self.servers[which].take() {
            server.kill()?;
        }
        std::thread::sleep(Duration::from_millis(dice.between(0, 200)));
        let started = cluster.stages[which].start(&cluster.clock.under());
        let (server, _) = started.context(format!("{BROKEN}: no restart"))?;
        self.servers[which] = Some(server);
        Ok(())
    }

    /// While it sleeps, its leases run out by everybody's clock.
    fn one_sleeps(&self, cluster: &Cluster, dice: &mut Dice, until: i64) -> Result<()> {
        std::thread::sleep(Duration::from_millis(dice.between(50, 300)));
        let server = self.servers[dice.below(NODES)].as_ref().context("it runs")?;
        server.signal("STOP")?;
        cluster.clock.set(until)?;
        std::fs::write(&cluster.sender, until.to_string())?;
        std::thread::sleep(Duration::from_millis(dice.between(300, 900)));
        server.signal("CONT")
    }
}
