//! Runs a file of published example messages, where there is one: `IPND_EXAMPLES=FILE cargo test`.

use ipnd_gateways::check_examples;

#[test]
fn every_example_means_what_its_file_says() {
    let Some(path) = std::env::var_os("IPND_EXAMPLES") else {
        println!("IPND_EXAMPLES names no file: examples not present");
        return;
    };
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("{}: examples not present", path.display());
        return;
    };
    let lines = check_examples(&text);
    assert!(!lines.is_empty(), "{}: no example", path.display());
    let wrong: Vec<_> = lines.iter().filter(|line| !line.problems.is_empty()).collect();
    assert!(wrong.is_empty(), "{} of {} examples: {wrong:#?}", wrong.len(), lines.len());
    println!("{} examples", lines.len());
}
