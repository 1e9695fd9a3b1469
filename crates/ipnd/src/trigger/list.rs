//! `ipnd trigger --list`: everything that can be played.

use crate::console::Paper;
use anyhow::Result;
use ipnd_gateways::{ALL, Gateway};
use ipnd_sandbox::player::{Fault, SCENARIOS, Scenario};
use serde_json::{Value, json};

pub(super) fn print(as_json: bool) -> Result<()> {
    let paper = Paper::new();
    let faults: Vec<&str> = Fault::ALL.iter().map(|fault| fault.word()).collect();
    if as_json {
        let gateways: Vec<Value> = ALL.iter().map(|gateway| describe(gateway)).collect();
        let all: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
        let document = json!({ "gateways": gateways, "scenarios": all, "faults": faults });
        paper.print(&serde_json::to_string_pretty(&document)?);
        return Ok(());
    }
    for gateway in ALL {
        paper.print(&format!("{}  {}", paper.bold(gateway.id), gateway.name));
        paper.print(&format!("    events     {}", events(gateway).join(", ")));
        let scenarios = scenarios(gateway);
        if !scenarios.is_empty() {
            paper.print(&format!("    scenarios  {}", scenarios.join(", ")));
        }
    }
    paper.print(&format!("\nfaults: {}", faults.join(", ")));
    Ok(())
}

fn events(gateway: &Gateway) -> Vec<&'static str> {
    gateway.tells.iter().map(|kind| kind.word()).collect()
}

fn scenarios(gateway: &'static Gateway) -> Vec<&'static str> {
    Scenario::of(gateway).map(|scenario| scenario.name).collect()
}

fn describe(gateway: &'static Gateway) -> Value {
    json!({
        "id": gateway.id,
        "name": gateway.name,
        "is_asked_back": gateway.answer.is_some(),
        "events": events(gateway),
        "scenarios": scenarios(gateway),
    })
}
