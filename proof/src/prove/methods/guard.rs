//! The guard of everything that goes out, in a network of its own: ipnd asks a gateway whose name leads now here, now
//! there. There is a server behind every address, the denied ones too, and it must not be visited where it is denied.

use crate::http::Client;
use crate::prove::Ground;
use crate::prove::guard::{
    self, Answer, Begun, Capture, Names, Visit, World, denied, is_denied, neighbours, spelled,
};
use crate::prove::run::{BROKEN, Figures};
use crate::prove::stage::{PATIENCE, Stage, Under};
use crate::server;
use anyhow::{Context as _, Result, bail, ensure};
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::process::Stdio;
use std::time::{Duration, Instant};

const NAME: &str = "gateway.example";
/// An address that may be called.
const PUBLIC: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(1, 1, 1, 1));
/// What a name is turned to.
const INSIDE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
/// So many good answers follow a failure: a gateway that fails three times in a row is left alone for a while.
const GOOD_AFTER_FAILURE: usize = 3;

/// Messages that come from the same sender.
const SENT_EACH: usize = 100;

/// Runs itself again where nothing else is.
pub(crate) fn i_32_denied_addresses_are_never_reached(ground: &Ground) -> Result<Figures> {
    let mut command = guard::in_one_of_its_own(&std::env::current_exe()?);
    command
        .args(["prove", "guarded", "--seed", &ground.seed.to_string(), "--ipnd"])
        .arg(&ground.pattern.ipnd);
    command.args(ground.is_full.then_some("--full"));
    let output = command.stdin(Stdio::null()).output().context("unshare is missing (util-linux)")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}", errors.trim().trim_start_matches("!!! "));
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

/// What is done inside; prints the figures. There is no ground before there is a network.
pub(crate) fn within(ground: impl FnOnce() -> Result<Ground>) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    guard::make(scratch.path())?;
    let ground = &ground()?;
    let stage = ground.pattern.stage()?;
    let intake = connect(ground, &stage, scratch.path())?;
    let authority = scratch.path().join("authority.pem");
    let world = World::start(NAME, &authority)?;
    let list = answers(ground);
    let (listed, pairs) = (list.len(), ground.pick(100, 1_000));
    let names = Names::start(list)?;
    let capture = Capture::start()?;
    let variables = [
        ("IPND_OUTGOING_EXTRA_CA_FILES", authority.display().to_string()),
        // We stand in front of it, and are believed whom we heard from.
        ("IPND_TRUSTED_PROXIES", "127.0.0.1".to_owned()),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value)).into();
    let under = Under { program: Vec::new(), variables };
    let (mut server, _) = stage.start(&under)?;
    tell(&stage, &intake, listed)?;
    wait(&names, &world)?;
    server.signal("TERM")?;
    server.end(PATIENCE)?;
    let begun = capture.finish()?;
    let visits = world.visits();
    nothing_denied(&stage, &visits, &begun)?;
    let given = names.given();
    let good = given.iter().filter(|answer| is_good(answer)).count();
    let (asked, elsewhere) = world.requests();
    ensure!(asked <= good, "{BROKEN}: {asked} requests for {good} answers that lead outside only");
    ensure!(
        asked * 10 >= good * 9,
        "too little was asked to prove anything: {asked} times for {good} answers"
    );
    reached_all(&visits)?;
    println!(
        "{} look-ups, {pairs} times turned from {PUBLIC} to {INSIDE}, {listed} answers planned",
        given.len()
    );
    println!(
        "{good} answers led outside only: {asked} requests arrived there, {elsewhere} of them were sent elsewhere and \
         went nowhere"
    );
    println!(
        "{} denied addresses in {} answers: 0 connections, 0 packets",
        denied().len() + spelled().len(),
        given.iter().filter(|answer| leads_inside(answer)).count()
    );
    println!(
        "{} connections captured, all of them to ourselves or to an address that may be called",
        begun.len()
    );
    Ok(())
}

/// An account whose messages are proved by asking at the name. A shop can choose it, in a sandbox.
fn connect(ground: &Ground, stage: &Stage, scratch: &std::path::Path) -> Result<String> {
    let place = server::folder(&stage.data);
    let url = format!("postback_url=https://{NAME}/webscr");
    let account =
        ["connect", "paypal-ipn", "--environment", "sandbox", "--set", "receivers=SELLER", "--set", &url];
    server::connect(&ground.pattern.ipnd, &account, &place, scratch)
}

/// The whole deny table in every way a name service can bring it up, and a name that is turned.
fn answers(ground: &Ground) -> Vec<Answer> {
    let public = || Answer::These(vec![PUBLIC]);
    let mut list = Vec::new();
    for (number, address) in denied().into_iter().chain(spelled()).enumerate() {
        list.push(Answer::These(vec![address]));
        let mut more = vec![
            Answer::These(vec![PUBLIC, address]),
            Answer::These(vec![address, PUBLIC]),
            Answer::Alias(vec![address]),
            Answer::FailsByHalf(vec![address]),
        ];
        if !ground.is_full {
            more = vec![more.swap_remove(number % more.len())];
        }
        list.extend(more);
        list.push(public());
    }
    list.extend(neighbours().into_iter().map(|address| Answer::These(vec![address])));
    for _ in 0..ground.pick(5, 50) {
        for failure in [Answer::Fails, Answer::NoSuchName, Answer::Nothing] {
            list.push(failure);
            list.extend(std::iter::repeat_with(public).take(GOOD_AFTER_FAILURE));
        }
    }
    for _ in 0..ground.pick(100, 1_000) {
        list.extend([public(), Answer::These(vec![INSIDE])]);
    }
    list
}

/// Whether an answer leads outside and nowhere else.
fn is_good(answer: &Answer) -> bool {
    matches!(answer, Answer::These(_)) && !leads_inside(answer)
}

/// Whether there is a denied address in it.
fn leads_inside(answer: &Answer) -> bool {
    match answer {
        Answer::These(them) | Answer::Alias(them) | Answer::FailsByHalf(them) => {
            them.iter().copied().any(is_denied)
        }
        Answer::Fails | Answer::NoSuchName | Answer::Nothing => false,
    }
}

/// So many payments that have to be asked about.
fn tell(stage: &Stage, intake: &str, count: usize) -> Result<()> {
    let mut client = Client::new(stage.address, PATIENCE);
    for number in 1..=count {
        let body = format!(
            "payment_status=Completed&payment_type=instant&txn_type=web_accept&txn_id=GUARD{number:012}&invoice=G-{number}\
             &mc_gross=19.95&mc_currency=EUR&receiver_id=SELLER&payer_email=buyer-{number}%40example.com&test_ipn=1\
             &payment_date=09%3A14%3A27+Apr+18%2C+2026+PDT&charset=utf-8"
        );
        // What is not proved is taken from one address only so often.
        let sender = format!("2a01:{:x}::1", number / SENT_EACH);
        let headers =
            [("content-type", "application/x-www-form-urlencoded"), ("x-forwarded-for", sender.as_str())];
        let status = client.post(intake, &headers, body.as_bytes())?.status;
        ensure!((200..300).contains(&status), "a message was answered with {status}");
    }
    Ok(())
}

/// Until every answer was given, and everything that was asked for after a good one has arrived.
fn wait(names: &Names, world: &World) -> Result<()> {
    let mut moved = Instant::now();
    let mut before = (usize::MAX, 0);
    loop {
        let now = (names.left(), world.requests().0);
        if now != before {
            (before, moved) = (now, Instant::now());
        }
        let is_quiet = moved.elapsed() > Duration::from_secs(1);
        if now.0 == 0 && is_quiet {
            return Ok(());
        }
        if moved.elapsed() > PATIENCE {
            bail!("{} answers are left and nobody looks up anything", now.0);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The promise itself: at the servers, and on the wire.
fn nothing_denied(stage: &Stage, visits: &[Visit], begun: &[Begun]) -> Result<()> {
    let may_be = |to: SocketAddr| !is_denied(to.ip()) && to.port() == 443;
    let visited: Vec<SocketAddr> = visits.iter().map(|visit| visit.to).filter(|to| !may_be(*to)).collect();
    ensure!(
        visited.is_empty(),
        "{BROKEN}: {} connections to what is denied: {}",
        visited.len(),
        some(&visited)
    );
    // We ourselves call ipnd.
    let is_ours = |to: SocketAddr| to == stage.address;
    let sent: Vec<SocketAddr> =
        begun.iter().map(|one| one.to).filter(|to| !is_ours(*to) && !may_be(*to)).collect();
    ensure!(sent.is_empty(), "{BROKEN}: {} packets to what is denied: {}", sent.len(), some(&sent));
    let named = visits.iter().filter_map(|visit| visit.host.as_deref());
    let others: BTreeSet<&str> = named.filter(|host| *host != NAME).collect();
    ensure!(others.is_empty(), "{BROKEN}: requests named {others:?} as their host instead of {NAME}");
    Ok(())
}

fn some(addresses: &[SocketAddr]) -> String {
    let texts: Vec<String> = addresses.iter().take(5).map(ToString::to_string).collect();
    texts.join(", ")
}

/// A guard that denies everything would keep the promise, and nobody could be asked.
fn reached_all(visits: &[Visit]) -> Result<()> {
    let reached: BTreeSet<IpAddr> = visits.iter().map(|visit| visit.to.ip()).collect();
    let missed: Vec<IpAddr> = neighbours().into_iter().filter(|address| !reached.contains(address)).collect();
    ensure!(missed.is_empty(), "addresses that may be called were not: {missed:?}");
    Ok(())
}
