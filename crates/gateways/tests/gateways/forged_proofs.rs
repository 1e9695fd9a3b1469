//! Rows of the threat model about proofs themselves: forged, made up, missing, malformed. One test for each row and gateway.

use crate::events::{NOW, ordinary};
use crate::forge::{Chance, genuine};
use crate::laws::shown;
use crate::leaves::{Leaf, leaves};
use crate::proved::{
    Place, Proved, decided, few_proved, must_not_count, must_say_the_same, proved, sample, similar, told,
};
use crate::section::Section;
use ipnd_core::{Environment, Event};
use ipnd_gateways::drive::{Decided, decide};
use ipnd_gateways::{Covers, Gateway, Proof, RawRequest, Setting, SettingFault, SettingKind, Settings, Told};
use libtest_mimic::Failed;
use std::collections::BTreeMap;

/// Every gateway accepts its own messages, and refuses the same messages with a proof of the right form that somebody
/// else has made. A check that is turned round or never reached fails one of the two.
pub(crate) fn t_a03_inverted_or_unreachable_check(gateway: &Gateway, _: &[Section]) -> Result<(), Failed> {
    let settings = sample(gateway);
    let proved = proved(gateway);
    for own in told(gateway, &settings) {
        let own_word = std::slice::from_ref(&own);
        if !matches!(decided(gateway, &own.request, &settings, own_word), Decided::Genuine(_)) {
            return Err(format!("its own message is refused: {}", shown(&own.request)).into());
        }
        let mut forged = proved.iter().filter(|proved| proved.own.request == own.request).peekable();
        if forged.peek().is_none() {
            is_proved_otherwise(gateway, &own)?;
        }
        for Proved { forged, other, .. } in forged {
            must_not_count(gateway, forged, &settings, own_word)?;
            let forged_word = [Told { event: own.event.clone(), request: forged.clone() }];
            must_not_count(gateway, &own.request, other, &forged_word)?;
        }
    }
    Ok(())
}

/// A message without a shared secret has another proof: the gateway is asked about it, or it is signed with a key that
/// only the gateway has, so that a change is noticed.
fn is_proved_otherwise(gateway: &Gateway, own: &Told) -> Result<(), Failed> {
    let settings = sample(gateway);
    let is_accepted = |request: &RawRequest, told: &[Told]| {
        matches!(decided(gateway, request, &settings, told), Decided::Genuine(_))
    };
    let told = std::slice::from_ref(own);
    let is_noticed = |leaf: Leaf| !is_accepted(&leaf.replaced(&own.request, "1234567"), told);
    if is_accepted(&own.request, &[]) && !leaves(&own.request).into_iter().any(is_noticed) {
        return Err(format!("nobody is asked, and no change is noticed: {}", shown(&own.request)).into());
    }
    Ok(())
}

/// What a gateway has answered about one thing is no answer about another one.
pub(crate) fn t_a03_an_answer_about_something_else_proves_nothing(
    gateway: &Gateway,
    _: &[Section],
) -> Result<(), Failed> {
    let Some(answer) = gateway.answer else { return Ok(()) };
    let settings = sample(gateway);
    let facts = |decided: Decided| match decided {
        Decided::Genuine(said) => {
            let named = |event: Event| (event.kind, event.identity, event.transaction, event.order_ref);
            said.events.into_iter().map(named).collect()
        }
        _ => Vec::new(),
    };
    for kind in gateway.tells {
        let with = |name: &str, order: &str| {
            let mut event = ordinary(*kind, "EUR");
            for own in [&mut event.transaction, &mut event.parent, &mut event.subscription, &mut event.case] {
                *own = own.as_deref().map(|own| format!("{own}{name}"));
            }
            event.order_ref = event.order_ref.map(|_| order.to_owned());
            event.identity.push_str(name);
            let request = (gateway.compose)(&event, &settings, NOW).ok()?;
            Some(Told { event, request })
        };
        let (Some(own), Some(other)) = (with("1", "A-1"), with("2", "A-2")) else { continue };
        let mut given = Vec::new();
        let told = std::slice::from_ref(&other);
        let theirs = facts(decide(gateway, &other.request, &settings, NOW, &mut |ask| {
            given.push(answer(ask, told, &settings, NOW));
            given.last().cloned()
        }));
        let mut given = given.into_iter();
        let ours = facts(decide(gateway, &own.request, &settings, NOW, &mut |_| given.next()));
        if let Some(foreign) = ours.iter().find(|fact| theirs.contains(fact)) {
            return Err(format!("{foreign:?} came of {}", shown(&own.request)).into());
        }
    }
    Ok(())
}

/// Whatever stands where the proof should stand, only the right one proves.
pub(crate) fn t_a04_header_presence_treated_as_proof(gateway: &Gateway, _: &[Section]) -> Result<(), Failed> {
    const WORDS: [&str; 15] = [
        "",
        "x",
        "0",
        "1",
        "null",
        "true",
        "none",
        "undefined",
        "v1=",
        "t=1,v1=1",
        "sha256=",
        "Bearer x",
        "Basic eDp4",
        "[]",
        "{}",
    ];
    let settings = sample(gateway);
    let mut chance = Chance::new(0xa04);
    let mut made = 0;
    for Proved { own, forged, places, .. } in proved(gateway) {
        for place in &places {
            let words = WORDS.iter().map(|word| word.as_bytes().to_vec());
            let random = (0..50).map(|_| similar(place.text(&own.request), &mut chance)).collect::<Vec<_>>();
            for value in words.chain(random) {
                made += 1;
                must_say_the_same(gateway, &place.replaced(&own.request, &value), &settings, &own)?;
            }
        }
        // All of them at once: around the gateway's own content, and around what the forger has written.
        let around =
            [(&own.request, Place::of(&own.request, &forged)), (&forged, Place::of(&forged, &own.request))];
        for (request, places) in &around {
            for time in 0..WORDS.len() + 50 {
                let made_up = |place: &Place, chance: &mut Chance| match WORDS.get(time) {
                    Some(word) => word.as_bytes().to_vec(),
                    None => similar(place.text(request), chance),
                };
                // From the end, so that the other places stay where they are.
                let bent = places.iter().rev().fold((*request).clone(), |bent, place| {
                    place.replaced(&bent, &made_up(place, &mut chance))
                });
                made += 1;
                must_not_count(gateway, &bent, &settings, std::slice::from_ref(&own))?;
            }
        }
        for bent in without_proof(&forged, &own.request, &places) {
            made += 1;
            match gateway.resume {
                // Then the gateway is asked, and what it says is what it has told.
                Some(_) => must_say_the_same(gateway, &bent, &settings, &own)?,
                None => must_not_count(gateway, &bent, &settings, std::slice::from_ref(&own))?,
            }
        }
    }
    println!("{}: {made} made-up proofs, none taken for one", gateway.id);
    Ok(())
}

/// What a forger has written, with nothing where the proof should stand: no header, an empty one, an empty one beside the
/// forger's own.
fn without_proof(forged: &RawRequest, own: &RawRequest, places: &[Place]) -> Vec<RawRequest> {
    let names = places.iter().filter_map(|place| match place {
        Place::Header(at, _) => Some(own.headers[*at].0.clone()),
        Place::Query(_) | Place::Body(_) => None,
    });
    let names: Vec<String> = names.collect();
    let is_proof = |name: &String| names.contains(name);
    let with_values = |value: &dyn Fn(&str) -> Vec<String>| {
        let headers = forged.headers.iter().flat_map(|(name, own)| {
            let values = if is_proof(name) { value(own) } else { vec![own.clone()] };
            values.into_iter().map(|value| (name.clone(), value)).collect::<Vec<_>>()
        });
        RawRequest { headers: headers.collect(), ..forged.clone() }
    };
    let empty = String::new;
    let mut all = vec![
        with_values(&|_| vec![]),
        with_values(&|_| vec![empty()]),
        with_values(&|_| vec![" ".to_owned()]),
        with_values(&|own| vec![own.to_owned(), empty()]),
        with_values(&|own| vec![empty(), own.to_owned()]),
        with_values(&|own| vec![own.to_owned(), own.to_owned()]),
    ];
    for place in Place::of(forged, own) {
        all.push(place.replaced(forged, b""));
    }
    all
}

/// A proof is the whole proof: not its beginning, not with something behind it, not with one letter changed anywhere, and
/// not twice.
pub(crate) fn t_a05_short_signature_compares_equal(gateway: &Gateway, _: &[Section]) -> Result<(), Failed> {
    let settings = sample(gateway);
    for Proved { own, places, .. } in few_proved(gateway, 3) {
        // Where there are several proofs, another one may be enough; and who asks gets the right answer.
        let is_only_one = places.len() == 1 && gateway.resume.is_none();
        let check = |bent: &RawRequest| match is_only_one {
            true => must_not_count(gateway, bent, &settings, std::slice::from_ref(&own)),
            false => must_say_the_same(gateway, bent, &settings, &own),
        };
        for place in &places {
            let right = place.text(&own.request);
            let mut wrong: Vec<Vec<u8>> = (0..right.len()).map(|length| right[..length].to_vec()).collect();
            wrong.extend([&b"0"[..], b"00", b"A", b"=", right].map(|more| [right, more].concat()));
            wrong.extend((0..right.len()).map(|at| {
                let mut changed = right.to_vec();
                changed[at] = if right[at] == b'1' { b'2' } else { b'1' };
                changed
            }));
            for value in wrong {
                check(&place.replaced(&own.request, &value))?;
            }
            if let Place::Header(at, _) = place {
                let mut twice = own.request.clone();
                twice.headers.push(twice.headers[*at].clone());
                check(&twice)?;
            }
        }
    }
    Ok(())
}

/// No account can have a blank or short secret; and if one had none all the same, nothing would be accepted by it, not
/// even what is signed with nothing.
pub(crate) fn t_a06_empty_or_missing_secret(gateway: &Gateway, _: &[Section]) -> Result<(), Failed> {
    let table = gateway.settings;
    let secrets = || table.iter().filter(|setting| setting.kind.is_secret());
    let with = |key: &str, value: &str| {
        let mut values = sample(gateway).values().clone();
        values.insert(key.to_owned(), value.to_owned());
        Settings::check(table, Environment::Live, values)
    };
    for setting in secrets() {
        for short in ["x", "null", "12345", "абв"] {
            let problems = with(setting.key, short).err().unwrap_or_default();
            if !problems.iter().any(|problem| problem.key == setting.key) {
                return Err(format!("{} may be {short:?}", setting.key).into());
            }
        }
        let mixed = with(setting.key, &format!("{}\nx", setting.sample));
        let is_short = |fault: &SettingFault| matches!(fault, SettingFault::TooShort(_));
        if mixed.is_ok() && setting.kind == SettingKind::Secrets {
            return Err(format!("one of several secrets of {} may be too short", setting.key).into());
        }
        let blank = with(setting.key, "  \t ").map_err(|problems| problems[0].fault.clone());
        if setting.required
            && !blank.as_ref().is_err_and(|fault| *fault == SettingFault::Missing || is_short(fault))
        {
            return Err(format!("{} may be blank", setting.key).into());
        }
    }
    if secrets().next().is_none() || gateway.covers == Covers::Nothing {
        return Ok(());
    }
    // Settings that no check would have let pass.
    let lax: Vec<Setting> = table
        .iter()
        .map(|setting| match setting.kind.is_secret() {
            true => Setting { kind: SettingKind::Document, required: false, check: None, ..*setting },
            false => *setting,
        })
        .collect();
    let is_needed = secrets().any(|setting| setting.required);
    for value in [None, Some("\n"), Some(" \n\n ")] {
        let mut values: BTreeMap<String, String> = sample(gateway).values().clone();
        for setting in secrets() {
            match value {
                Some(value) => values.insert(setting.key.to_owned(), value.to_owned()),
                None => values.remove(setting.key),
            };
        }
        let settings = Settings::check(&lax, Environment::Sandbox, values);
        let settings = settings.map_err(|problems| format!("{problems:?}"))?;
        let signed_with_nothing = told(gateway, &settings);
        let signed_rightly = told(gateway, &sample(gateway));
        for own in signed_with_nothing.iter().chain(&signed_rightly) {
            // What may be left out adds something to a proof that stands by itself, and then less is proved.
            match decided(gateway, &own.request, &settings, std::slice::from_ref(own)) {
                Decided::Genuine(said) if is_needed || said.proof == Proof::Strong => {
                    return Err(
                        format!("accepted without a secret: {}\n{said:?}", shown(&own.request)).into()
                    );
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Headers and proofs that are missing, doubled, empty, no text or endless: nothing panics, and nothing new is said.
pub(crate) fn t_a09_malformed_signature_kills_the_process(
    gateway: &Gateway,
    sections: &[Section],
) -> Result<(), Failed> {
    let long = |letter: u8| String::from_utf8_lossy(&vec![letter; 64 * 1024]).into_owned();
    let odd: Vec<String> = [
        "",
        " ",
        "\0",
        "\u{e9}",
        "\u{fffd}\u{fffd}",
        "ключ",
        "=",
        "====",
        ",",
        ",,,,",
        "t=",
        "t=,v1=",
        "v1=\u{e9}",
        "%",
        "%zz",
        "\"",
        "\u{202e}",
        "1\u{301}",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain([b'0', b'a', b'=', b',', b'A', b'%', b' '].map(long))
    .chain([long(b'=').replace("==", "t="), long(b',').replace(",,", "v1=00,"), "\u{e9}".repeat(32 * 1024)])
    .collect();
    let all = genuine(gateway, sections);
    // A few messages are enough: what is looked at here does not depend on what the message is about.
    for genuine in all.iter().take(3) {
        for bent in malformed(&genuine.request, &odd) {
            genuine.withstands(gateway, &bent, &all)?;
        }
    }
    let settings = sample(gateway);
    for Proved { own, places, .. } in few_proved(gateway, 3) {
        for place in &places {
            let odd = odd.iter().map(String::as_bytes);
            for value in odd.chain([&b"\xff"[..], b"\x80\x80", b"\xed\xa0\x80", b"\r\n"]) {
                must_say_the_same(gateway, &place.replaced(&own.request, value), &settings, &own)?;
            }
        }
    }
    Ok(())
}

fn malformed(request: &RawRequest, odd: &[String]) -> Vec<RawRequest> {
    let mut all = vec![RawRequest { headers: Vec::new(), ..request.clone() }];
    let doubled = [&request.headers[..], &request.headers[..]].concat();
    all.push(RawRequest { headers: doubled, ..request.clone() });
    for (at, (name, _)) in request.headers.iter().enumerate() {
        for value in odd {
            let mut replaced = request.clone();
            replaced.headers[at].1.clone_from(value);
            all.push(replaced);
            for place in [0, request.headers.len()] {
                let mut more = request.clone();
                more.headers.insert(place, (name.clone(), value.clone()));
                all.push(more);
            }
        }
    }
    for value in odd {
        let mut nothing_but = request.clone();
        nothing_but.headers.iter_mut().for_each(|header| header.1.clone_from(value));
        nothing_but.body = value.clone().into_bytes();
        all.push(nothing_but);
    }
    all
}
