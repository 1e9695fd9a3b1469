//! What concerns gateways: a new one, what follows from them, forgeries by the million, and what they cost.

use crate::run::{heading, root, run, target};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::process::{Command, Stdio};

const LIST: &str = "crates/gateways/src/lib.rs";
/// What a gateway starts from. It is compiled with the tests of ipnd-gateways, so it is never out of date.
const SOURCE: &str = include_str!("../templates/new_gateway.rs");
const FIXTURES: &str = include_str!("../templates/new-gateway.md");

/// Starts a gateway: a source file that compiles and refuses everything, a fixtures file, a line in the list.
pub(crate) fn new(id: &str) -> Result<()> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if id.is_empty() || !id.chars().all(is_plain) || !id.starts_with(|c: char| c.is_ascii_lowercase()) {
        bail!(
            "a gateway's id has lower-case letters, digits and hyphens, and begins with a letter: my-gateway"
        );
    }
    let module = id.replace('-', "_");
    let source = root().join(format!("crates/gateways/src/{module}.rs"));
    let fixtures = root().join(format!("crates/gateways/fixtures/{id}.md"));
    if source.exists() || fixtures.exists() {
        bail!("{id} has been started already");
    }
    let list = std::fs::read_to_string(root().join(LIST)).with_context(|| format!("cannot read {LIST}"))?;
    let list = with_line(&list, &module, id).context("the list of gateways does not look as expected")?;
    let fill = |text: &str| {
        text.replace("new-gateway", id).replace("new_gateway", &module).replace("New Gateway", &name(id))
    };
    std::fs::write(&source, fill(SOURCE))?;
    std::fs::write(&fixtures, fill(FIXTURES))?;
    std::fs::write(root().join(LIST), list)?;
    run("cargo", &["fmt", "--package", "ipnd-gateways"], &[])?;
    println!(
        "\nStarted {id}:\n  \
         1. crates/gateways/src/{module}.rs    how it signs, what it sends: the comments say what goes where\n  \
         2. crates/gateways/fixtures/{id}.md   requests as it sends them; IPND_UPDATE_FIXTURES=1 writes what came out\n  \
         3. cargo test -p ipnd-gateways --test gateways -- {id}:    says what is still missing\n  \
         4. cargo xtask generate              writes its documentation page"
    );
    Ok(())
}

/// `my-gateway` as `My gateway`.
fn name(id: &str) -> String {
    let text = id.replace('-', " ");
    let mut letters = text.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

/// The list with one more gateway, still sorted by id. The module's line goes before the first one behind it.
fn with_line(list: &str, module: &str, id: &str) -> Option<String> {
    let begins = list.find("pub const ALL: &[&Gateway] = &[")?;
    let (head, all) = list.split_at(begins);
    let inside = all.find("&[&Gateway] = &[")? + "&[&Gateway] = &[".len();
    let ends = all[inside..].find("];")? + inside;
    let mut entries: Vec<String> = all[inside..ends]
        .split(',')
        .map(|entry| entry.trim().to_owned())
        .filter(|entry| !entry.is_empty())
        .collect();
    let sort_key = |entry: &String| {
        entry
            .trim_start_matches('&')
            .split("::")
            .next()
            .unwrap_or_default()
            .replace('_', "-")
            .replace("two-checkout", "2checkout")
    };
    entries.push(format!("&{module}::GATEWAY"));
    entries.sort_by_key(sort_key);
    debug_assert!(entries.iter().any(|entry| sort_key(entry) == id));
    let all = format!("{}{}{}", &all[..inside], entries.join(", "), &all[ends..]);

    let line = format!("mod {module};\n");
    let is_module = |line: &str| line.starts_with("mod ") || line.starts_with("pub mod ");
    let module_of = |line: &str| {
        line.trim_start_matches("pub ").trim_start_matches("mod ").trim_end_matches(';').to_owned()
    };
    let mut lines: Vec<&str> = head.split_inclusive('\n').collect();
    let behind = lines.iter().position(|own| is_module(own) && module_of(own.trim()).as_str() > module);
    let place = behind.or_else(|| lines.iter().rposition(|own| is_module(own)).map(|last| last + 1))?;
    lines.insert(place, &line);
    Some(lines.concat() + &all)
}

/// Writes anew whatever is made from the gateways.
pub(crate) fn generate() -> Result<()> {
    heading("Pages of the gateways");
    let arguments = ["test", "--quiet", "--package", "ipnd", "--test", "docs", "the_pages_of_gateways"];
    run("cargo", &arguments, &[("IPND_UPDATE_DOCS", "1".to_owned())])
}

/// Random forgeries of everything that is accepted, spread over all gateways; none may be accepted (I-07).
pub(crate) fn forge(count: u64) -> Result<()> {
    heading("Forgeries");
    let listed = gateways()?;
    let each = count.div_ceil(u64::try_from(listed.len()).unwrap_or(1).max(1));
    println!(
        "{count} random forgeries: {each} for each of {} gateways, and the systematic ones",
        listed.len()
    );
    let output = Command::new("cargo")
        .args([
            "test",
            "--release",
            "--package",
            "ipnd-gateways",
            "--test",
            "gateways",
            "--",
            "--nocapture",
            "forgeries",
        ])
        .env("IPND_FORGERIES", each.to_string())
        .current_dir(root())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cargo could not be started")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut made = 0_u64;
    for line in text.lines().filter(|line| line.contains("forgeries")) {
        println!("{line}");
        let number = line.split_whitespace().find_map(|word| word.parse::<u64>().ok());
        made += number.filter(|_| line.contains("none accepted")).unwrap_or_default();
    }
    if !output.status.success() {
        bail!("a forgery was accepted, or a test could not run:\n{text}");
    }
    println!("\n{made} forged or altered messages over {} gateways: none accepted.", listed.len());
    if made < count { bail!("only {made} of {count} were made") } else { Ok(()) }
}

/// What a typical notification costs, a row for each gateway; also as JSON.
pub(crate) fn bench() -> Result<()> {
    heading("Verification and interpretation of a typical notification");
    let output = Command::new("cargo")
        .args(["bench", "--quiet", "--package", "ipnd-gateways", "--bench", "gateways"])
        .current_dir(root())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cargo could not be started")?;
    if !output.status.success() {
        bail!("the benchmark failed");
    }
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    let rows: Vec<Value> = text.lines().skip(1).filter_map(row).collect();
    let folder = target().join("bench");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("gateways.json");
    std::fs::write(&path, serde_json::to_string_pretty(&json!({ "gateways": rows }))?)?;
    println!(
        "\nns: the fastest round. ratio: against HMAC-SHA256 over the same bytes in the same run.\nJSON: {}",
        path.display()
    );
    Ok(())
}

fn row(line: &str) -> Option<Value> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [id, bytes, own, decided, hmac, _, hostile] = words.as_slice() else { return None };
    let number = |text: &str| text.parse::<u64>().ok();
    Some(json!({
        "id": id, "bytes": number(bytes)?, "ns": number(own)?, "decided_ns": number(decided)?, "hmac_ns": number(hmac)?,
        "hostile_64kib_ns": number(hostile)?,
    }))
}

/// The ids of all gateways, from the program itself.
pub(crate) fn gateways() -> Result<Vec<String>> {
    let text =
        crate::run::output("cargo", &["run", "--quiet", "--package", "ipnd", "--", "gateways", "--json"])?;
    let listed: Value = serde_json::from_str(&text).context("ipnd gateways printed something unexpected")?;
    let rows = listed["gateways"].as_array().context("no list of gateways")?;
    Ok(rows.iter().filter_map(|row| row["id"].as_str().map(str::to_owned)).collect())
}

#[cfg(test)]
mod tests {
    use super::with_line;

    #[test]
    fn the_list_stays_sorted() {
        let list = "//! Head.\n\nmod adyen;\npub mod kit;\npub mod paypal_ipn;\nmod stripe;\n\n/// Every gateway.\n\
                    pub const ALL: &[&Gateway] = &[&adyen::GATEWAY, &paypal_ipn::GATEWAY, &stripe::GATEWAY];\n";
        let longer = with_line(list, "my_pay", "my-pay").unwrap();
        assert!(longer.contains("pub mod kit;\nmod my_pay;\npub mod paypal_ipn;"), "{longer}");
        assert!(longer.contains("&adyen::GATEWAY, &my_pay::GATEWAY, &paypal_ipn::GATEWAY"), "{longer}");
        let last = with_line(list, "zahl", "zahl").unwrap();
        assert!(
            last.contains("mod stripe;\nmod zahl;\n") && last.contains("&stripe::GATEWAY, &zahl::GATEWAY]")
        );
    }
}
