//! What must hold for every gateway, run over all of them: their fixtures (`fixtures/GATEWAY.md`, one test for each
//! section), the forgeries that follow from whatever they accept, and the laws of `compose`.
//!
//! `IPND_UPDATE_FIXTURES=1` writes what came out into the files instead of comparing; read the difference before you
//! commit it. `IPND_VECTORS=FOLDER` holds the gateways against files of signed requests as well. `IPND_FORGERIES=N`
//! makes N random forgeries for each gateway; without it there are some thousands.

#![allow(clippy::unwrap_used, reason = "everything here is a test")]

mod addresses;
mod events;
mod forge;
mod forged_proofs;
mod laws;
mod leaves;
mod postback;
mod proved;
mod section;
mod table;
mod threats;

use ipnd_gateways::drive::{Decided, decide};
use ipnd_gateways::{Gateway, check_vectors};
use libtest_mimic::{Arguments, Failed, Trial};
use section::{File, Section};
use serde_json::{Value, json};
use std::path::Path;

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let update = std::env::var_os("IPND_UPDATE_FIXTURES").is_some();
    let arguments = Arguments::from_args();
    // A runner that starts a process for each test names it, gateway first: the others need not be read then.
    let named =
        arguments.filter.as_deref().filter(|_| arguments.exact).and_then(|name| name.split(": ").next());
    let mut trials = Vec::new();
    for gateway in ipnd_gateways::ALL.iter().filter(|gateway| named.is_none_or(|id| id == gateway.id)) {
        let path = folder.join(format!("{}.md", gateway.id));
        let mut file = File::read(&path);
        if update && path.exists() {
            for section in &mut file.sections {
                section.expected = Some(outcome(gateway, section));
            }
            file.write(&path);
        }
        let sections: &'static [Section] = file.sections.leak();
        for section in sections {
            trials.extend(trials_of(gateway, section));
        }
        let name = |what: &str| format!("{}: {what}", gateway.id);
        trials.push(Trial::test(name("the table makes sense"), move || table::check(gateway)));
        trials
            .push(Trial::test(name("receive undoes compose"), move || laws::receive_undoes_compose(gateway)));
        trials.push(Trial::test(name("i07 forgeries, systematic"), move || {
            forge::systematic(gateway, sections)
        }));
        for (what, row) in threats::ALL {
            trials.push(Trial::test(name(what), move || row(gateway, sections)));
        }
        trials.push(Trial::test(name("i07 forgeries, random"), move || forge::random(gateway, sections)));
        trials.push(Trial::test(name("t_b19 addresses stay its own"), move || {
            addresses::t_b19_ids_used_inside_gateway_urls(gateway)
        }));
        trials.push(Trial::test(name("vectors"), move || vectors(gateway)));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn trials_of(gateway: &'static Gateway, section: &'static Section) -> Vec<Trial> {
    let name = |what: &str| format!("{}: {}{what}", gateway.id, section.title);
    let mut trials = vec![Trial::test(name(""), move || as_expected(gateway, section))];
    if postback::apply_to(gateway, section) {
        for (what, attack) in postback::ALL {
            trials.push(Trial::test(name(&format!(" / {what}")), move || attack(gateway, section)));
        }
    }
    trials
}

fn as_expected(gateway: &Gateway, section: &Section) -> Result<(), Failed> {
    let got = outcome(gateway, section);
    let expected = section.expected.clone().ok_or("no expectation; run with IPND_UPDATE_FIXTURES=1")?;
    if got == expected {
        return Ok(());
    }
    Err(format!("expected {expected:#}\ngot {got:#}").into())
}

/// What a section comes to, as it stands in the file.
fn outcome(gateway: &Gateway, section: &Section) -> Value {
    let mut answers = section.answers.iter().cloned();
    let decided =
        decide(gateway, &section.request, &section.settings(gateway), section.now(), &mut |_| answers.next());
    match decided {
        Decided::Genuine(interpretation) => {
            let mut genuine = json!({ "events": interpretation.events, "remark": interpretation.remark });
            if interpretation.proof != ipnd_gateways::Proof::Strong {
                genuine["proof"] = json!(interpretation.proof);
            }
            section::without_blanks(genuine)
        }
        Decided::Refused(reason) => json!({ "refused": reason.code, "detail": reason.detail }),
        Decided::Forged(reason) => json!({ "forged": reason.code }),
        Decided::NotYetKnown(reason) => json!({ "not_yet_known": reason.code, "detail": reason.detail }),
        Decided::Probe => json!({ "probe": true }),
    }
}

/// Files of signed requests lie beside the project or nowhere.
fn vectors(gateway: &Gateway) -> Result<(), Failed> {
    let Some(folder) = std::env::var_os("IPND_VECTORS") else { return Ok(()) };
    let path = Path::new(&folder).join(format!("{}.json", gateway.id));
    let Ok(text) = std::fs::read_to_string(&path) else { return Ok(()) };
    let lines = check_vectors(gateway, &text);
    let wrong: Vec<String> = lines
        .iter()
        .filter(|line| !line.problems.is_empty())
        .map(|line| format!("{}: {}", line.name, line.problems.join("; ")))
        .collect();
    println!("{}: {} examples, {} not as expected", gateway.id, lines.len(), wrong.len());
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}
