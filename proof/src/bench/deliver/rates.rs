//! How fast deliveries go out and what they cost, beside a loop that only posts the same.

use super::client::{CLIENT, Client};
use super::shop::TellingShop;
use super::sink::Sink;
use crate::bench::goals::Better;
use crate::bench::intake::Bench;
use crate::bench::load::{self, Load};
use crate::bench::requests::Requests;
use crate::bench::rounds::{self, Round, Rounds};
use crate::bench::throughput::{cpu, rate};
use crate::bench::window::{self, Cost, Done, Window, number};
use crate::proc;
use crate::server::{self, Running, SIGNING_SECRET};
use anyhow::{Context as _, Result, ensure};
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};

const BARE: &str = "a loop that posts";
const NOTHING: &str = "no-op";
const ACCEPTED: &str = "accepted with all work";
const TOLD: &str = "told";

/// What one endpoint may have in flight.
const OF_ONE: u32 = 64;

/// A server that does nothing, which ipnd knows by several addresses.
struct Nothing {
    running: Running,
    port: u16,
}

impl Nothing {
    fn start(bench: &Bench) -> Result<Self> {
        let port = server::free_address()?.port();
        let mut command = server::ipnd(&bench.stage.program);
        let listen = format!("0.0.0.0:{port}");
        command.args(["bench-server", "nothing", "--listen", &listen, "--signing-secret", SIGNING_SECRET]);
        let mut running = Running::start(&mut command, &bench.stage.folder.join("receiver.log"))?;
        running.listens(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        Ok(Self { running, port })
    }

    fn addresses(&self, count: u8) -> Vec<SocketAddr> {
        (1..=count).map(|host| SocketAddr::from((Ipv4Addr::new(127, 0, 0, host), self.port))).collect()
    }
}

pub(crate) fn measure(bench: &mut Bench) -> Result<()> {
    let request = Rc::new(Requests::one(captured(bench)?));
    let nothing = Nothing::start(bench)?;
    bench.remark(format!("a delivery has {} bytes with its head", request.get(0).len()));
    for (name, receivers, orders, what) in [
        ("one receiver", 1, 20_000, ("told / posted by a bare loop, 64 in flight", "64")),
        ("eight receivers", 8, 4_000, ("told / posted by a bare loop, 512 in flight", "512")),
    ] {
        let orders = if bench.extent.is_short { orders / 10 } else { orders };
        let in_flight = usize::from(receivers) * OF_ONE as usize;
        let mut shop = TellingShop::open(bench, name, &nothing.addresses(receivers), OF_ONE)?;
        let mut client =
            Client::start(bench, nothing.addresses(1)[0], in_flight, body_bytes(request.get(0)))?;
        let mut whole = Vec::new();
        let extent = (bench.extent.rounds, !bench.extent.is_short);
        let rounds = rounds::collect(in_flight, extent, || {
            let (round, whole_cost) =
                round(bench, (&mut shop, &mut client), &nothing, &request, (in_flight, orders))?;
            whole.push(whole_cost);
            Ok(round)
        })?;
        hold(bench, &rounds, what, whole);
        bench.report.rounds.push(rounds);
        client.end()?;
        shop.subject.running.stop()?;
    }
    nothing.running.stop()
}

fn body_bytes(request: &[u8]) -> usize {
    let head = request.windows(4).position(|four| four == b"\r\n\r\n");
    request.len() - head.map_or(0, |end| end + 4)
}

/// A delivery as it goes out.
fn captured(bench: &mut Bench) -> Result<Vec<u8>> {
    let sink = Sink::start(&[false])?;
    let shop = TellingShop::open(bench, "captured", &sink.addresses, OF_ONE)?;
    shop.is_paid(bench, 1)?;
    shop.all_told()?;
    shop.subject.running.stop()?;
    sink.first_request().context("nothing was delivered")
}

/// The loop, the client alone, then payments, then telling of them; and what a payment costs from its receipt until all are told, in
/// terms of a request to the server that does nothing.
fn round(
    bench: &mut Bench,
    (shop, client): (&mut TellingShop, &mut Client),
    nothing: &Nothing,
    request: &Rc<Requests>,
    (in_flight, orders): (usize, usize),
) -> Result<(Round, f64)> {
    let probe = bench.stage.folder.join("probe");
    let sink = proc::tree(nothing.running.pid());
    let load = Load {
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, nothing.port)),
        other: None,
        connections: in_flight,
        time: bench.extent.saturation,
        copies: 1,
        again: true,
    };
    let sink_before = proc::cpu(&sink);
    let own = [std::process::id()];
    let bare = window::around(&Cost { subject: BARE, of: &own, known: &sink }, &probe, || {
        let answers = load::run(load, Rc::clone(request))?;
        ensure!(answers.refused == 0, "{} posts were refused", answers.refused);
        Ok(Done { requests: answers.micros.len() as u64, micros: answers.micros, took: answers.took })
    })?;
    let sink_micros = per(proc::cpu(&sink).saturating_sub(sink_before), bare.requests);
    let no_op = Window { subject: NOTHING, cpu_micros: sink_micros, ..bare.clone() };
    let alone = client.measure(bench, &sink)?;

    shop.turn("pause", 0)?;
    let pids = shop.subject.pids();
    let before = proc::cpu(&pids);
    let accepted = window::around(&Cost { subject: ACCEPTED, of: &pids, known: &sink }, &probe, || {
        let took = shop.is_paid(bench, orders)?;
        Ok(Done { requests: orders as u64, micros: Vec::new(), took })
    })?;
    let deliveries = u64::try_from(shop.waiting()?)?;
    // While ipnd tells, this process only waits.
    let known = [&sink[..], &own].concat();
    let told = window::around(&Cost { subject: TOLD, of: &pids, known: &known }, &probe, || {
        let began = Instant::now();
        shop.turn("resume", 0)?;
        shop.all_told()?;
        Ok(Done { requests: deliveries, micros: Vec::new(), took: began.elapsed() })
    })?;
    let whole = per(proc::cpu(&pids).saturating_sub(before), orders as u64) / sink_micros;
    Ok((vec![bare, no_op, alone, accepted, told], whole))
}

fn per(time: Duration, count: u64) -> f64 {
    time.as_secs_f64() * 1e6 / number(count)
}

fn hold(bench: &mut Bench, rounds: &Rounds, (what, in_flight): (&'static str, &str), whole: Vec<f64>) {
    let trust = bench.trust(rounds);
    let of = |name: &str, to: &str, figure: fn(&Window) -> f64| rounds.ratio(name, to, figure);
    let goals = &mut bench.report.goals;
    if in_flight == "64" {
        goals.hold(
            ("G18", "rate, 64 in flight: told / accepted with all work"),
            Better::More,
            (1.0, 2.0),
            of(TOLD, ACCEPTED, rate),
            trust,
        );
        goals.hold(
            ("G19", "processor time, end to end: accepted, order made, told, outcome kept / no-op"),
            Better::Less,
            (14.0, 9.0),
            rounds::middle(whole),
            trust,
        );
        goals.hold(
            ("G20", "processor time, the client alone, 64 in flight: a post / no-op"),
            Better::Less,
            (3.5, 2.0),
            of(CLIENT, NOTHING, cpu),
            trust,
        );
    }
    let middle = |name: &str, figure| rounds.of(name, figure).map_or(0.0, |middle| middle.median);
    let shown = |ratio: Option<rounds::Middle>| {
        ratio.map_or_else(String::new, |ratio| {
            format!("{:.2} ({:.2} to {:.2})", ratio.median, ratio.least, ratio.most)
        })
    };
    let lines = [
        format!(
            "{in_flight} in flight: {:.0} told a second, {:.1} us of processor time each; a loop that posts: {:.0} a second, \
             {:.1} us; the server that does nothing: {:.1} us; accepted with all work: {:.0} a second, {:.1} us",
            middle(TOLD, rate),
            middle(TOLD, cpu),
            middle(BARE, rate),
            middle(BARE, cpu),
            middle(NOTHING, cpu),
            middle(ACCEPTED, rate),
            middle(ACCEPTED, cpu)
        ),
        format!("rate, {what}: {}", shown(of(TOLD, BARE, rate))),
        format!("processor time, {what}: {}", shown(of(TOLD, BARE, cpu))),
        format!("processor time, {in_flight} in flight, told / no-op: {}", shown(of(TOLD, NOTHING, cpu))),
    ];
    lines.into_iter().for_each(|line| bench.remark(line));
}
