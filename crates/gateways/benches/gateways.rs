//! What verification and interpretation of a typical notification cost, one row a gateway.
//!
//! `cargo xtask bench gateways` runs it. For each gateway the message of a completed payment (or of the first kind it
//! tells of) is received a few thousand times in several rounds; the fastest round counts, because everything that
//! disturbs a measurement makes it slower. The first time is that of verification and interpretation as the message
//! comes in, the second that of everything until it is decided: the same, and where the gateway is asked, reading what it
//! answers. The answers are worked out before and cost nothing here. In the same run, HMAC-SHA256 over the same number
//! of bytes is measured, so that figures of different machines can be compared. The last column is the slowest of many
//! hostile messages of 64 KiB. The allocator is that of the program.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on ends")]

use ipnd_core::{Currency, Environment, Event, EventKind, Money};
use ipnd_gateways::drive::decide;
use ipnd_gateways::kit::mac::Algorithm;
use ipnd_gateways::{ALL, Ask, AskedAnswer, Gateway, RawRequest, Settings, Told};
use jiff::Timestamp;
use std::hint::black_box;
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);
const ROUNDS: usize = 15;
const REPEATS: u32 = 400;
/// The largest message that the time limit of the threat model speaks of, in bytes (I-27).
const HOSTILE_BYTES: usize = 64 * 1024;

fn main() {
    println!(
        "{:<18} {:>6} {:>10} {:>10} {:>10} {:>8} {:>12}",
        "gateway", "bytes", "ns", "decided ns", "hmac ns", "ratio", "64 KiB ns"
    );
    for gateway in ALL {
        let Some(message) = Message::of(gateway) else {
            println!("{:<18} has no message to measure", gateway.id);
            continue;
        };
        let own = fastest(|| {
            black_box((gateway.receive)(black_box(&message.request), &message.settings, NOW));
        });
        let decided = fastest(|| message.decide(gateway));
        let body = &message.request.body;
        let hmac = fastest(|| {
            black_box(Algorithm::HmacSha256.compute(b"a secret of a usual length", &[black_box(body)]));
        });
        let hostile = hostile(gateway, &message);
        println!(
            "{:<18} {:>6} {:>10} {:>10} {:>10} {:>7}x {:>12}",
            gateway.id,
            body.len(),
            own.as_nanos(),
            decided.as_nanos(),
            hmac.as_nanos(),
            own.as_nanos() / hmac.as_nanos().max(1),
            hostile.as_nanos(),
        );
    }
}

/// A genuine message, with the gateway's answers to everything it asks about it.
struct Message {
    settings: Settings,
    request: RawRequest,
    answers: Vec<(Ask, AskedAnswer)>,
}

impl Message {
    fn of(gateway: &Gateway) -> Option<Self> {
        let settings = Settings::sample(gateway.settings);
        let kinds = std::iter::once(EventKind::PaymentCompleted).chain(gateway.tells.iter().copied());
        let told = kinds.flat_map(|kind| ["EUR", "UAH", "USD"].map(|code| (kind, code))).find_map(
            |(kind, code)| {
                let event = event(kind, code);
                let request = (gateway.compose)(&event, &settings, NOW).ok()?;
                Some([Told { event, request }])
            },
        )?;
        let request = told[0].request.clone();
        let mut answers = Vec::new();
        decide(gateway, &request, &settings, NOW, &mut |ask| {
            let answer = gateway.answer.map(|answer| answer(ask, &told, &settings, NOW))?;
            answers.push((ask.clone(), answer.clone()));
            Some(answer)
        });
        Some(Self { settings, request, answers })
    }

    fn decide(&self, gateway: &Gateway) {
        let decided = decide(gateway, black_box(&self.request), &self.settings, NOW, &mut |ask| {
            self.answers.iter().find(|(own, _)| own == ask).map(|(_, answer)| answer.clone())
        });
        black_box(decided);
    }
}

fn event(kind: EventKind, code: &str) -> Event {
    let currency = Currency::from_code(code).unwrap();
    let mut event = Event::new(kind, "benchmark", Environment::Sandbox);
    event.occurred_at = Some(NOW);
    event.order_ref = Some("ORDER-2026-1001".into());
    event.transaction = Some("T10012345678".into());
    event.amount = Some(Money::from_minor(2599, currency));
    event.customer.name = Some("Ada Example".into());
    event.customer.email = Some("ada@example.com".into());
    event
}

fn fastest(mut work: impl FnMut()) -> Duration {
    let round = |work: &mut dyn FnMut()| {
        let began = Instant::now();
        for _ in 0..REPEATS {
            work();
        }
        began.elapsed() / REPEATS
    };
    (0..ROUNDS).map(|_| round(&mut work)).min().unwrap()
}

/// The slowest of many messages that are made to be slow. Each is measured alone, the faster of two times.
fn hostile(gateway: &Gateway, message: &Message) -> Duration {
    let pieces: &[&[u8]] = &[
        b"&",
        b"=",
        b"%",
        b"a=1&",
        b"%41",
        b"a[]=1&",
        b"transaction[0].id=1&",
        b"[",
        b"{\"a\":",
        b"{\"a\":1},",
        b"\"",
        b"\\u0041",
        b"9",
        b"1,",
        b"<a>",
        b"<a b='c'/>",
        b"&amp;",
        b"\xff",
        b"\xe2\x82",
        b" ",
        b"t=1,v1=0,",
        b"-----BEGIN CERTIFICATE-----\n",
        b"AAAA",
    ];
    let filled = |head: &[u8], piece: &[u8]| -> Vec<u8> {
        let count = (HOSTILE_BYTES.saturating_sub(head.len())) / piece.len();
        [head, &piece.repeat(count)].concat()
    };
    let genuine = &message.request.body;
    let mut bodies: Vec<Vec<u8>> = Vec::new();
    for piece in pieces {
        bodies.push(filled(b"", piece));
        bodies.push(filled(genuine, piece));
        bodies.push(filled(b"[", piece));
        bodies.push(filled(b"data=", piece));
    }
    let nested: Vec<u8> = [b"[".repeat(31), filled(b"", b"1,"), b"1".to_vec(), b"]".repeat(31)].concat();
    bodies.push(nested);
    let time = |request: RawRequest| {
        let bent = Message { settings: message.settings.clone(), request, answers: message.answers.clone() };
        let one = || {
            let began = Instant::now();
            bent.decide(gateway);
            began.elapsed()
        };
        one().min(one())
    };
    let bodies = bodies.into_iter().map(|body| time(RawRequest { body, ..message.request.clone() }));
    let headers = message.request.headers.iter().enumerate().flat_map(|(place, _)| {
        pieces.iter().map(move |piece| {
            let mut request = message.request.clone();
            request.headers[place].1 = String::from_utf8_lossy(&filled(b"", piece)).into_owned();
            request
        })
    });
    bodies.chain(headers.map(time)).max().unwrap_or_default()
}
