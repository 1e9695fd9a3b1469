//! Every reason that is given here can be said in a sentence.

use std::path::Path;

#[test]
fn every_reason_has_its_words() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut codes = Vec::new();
    for file in
        ["checks.rs", "mail/worker.rs", "mail/message.rs", "deliveries/attempt.rs", "deliveries/worker.rs"]
    {
        let text = std::fs::read_to_string(source.join(file)).unwrap();
        let rest = text.split("Reason::new(").skip(1);
        codes.extend(
            rest.filter_map(|rest| Some(rest.trim_start().strip_prefix('"')?.split_once('"')?.0.to_owned())),
        );
    }
    codes.sort();
    codes.dedup();
    assert!(codes.len() > 8, "{codes:?}");
    let silent: Vec<_> =
        codes.iter().filter(|code| !ipnd_core::reason::words().has(&format!("reason.{code}"))).collect();
    assert_eq!(silent, Vec::<&String>::new());
}
