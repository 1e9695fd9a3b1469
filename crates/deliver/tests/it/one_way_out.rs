//! There is one way out of the process (T-D10): connections are opened and names are looked up in one module.

use std::path::{Path, PathBuf};

/// Whatever opens a connection, looks up a name or runs a program.
const WAYS_OUT: [&str; 9] = [
    "TcpStream::connect",
    "TcpSocket::",
    "UdpSocket::",
    "UnixStream::",
    "lookup_host",
    "to_socket_addrs",
    "reqwest",
    "Command::new",
    "relay(",
];

const THE_ONE: &str = "deliver/src/client/dial.rs";

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn t_d10_no_second_way_out() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    // The sandbox stands in for the outside world and is not part of a real server.
    for part in ["core", "gateways", "store", "deliver", "web", "ipnd"] {
        sources(&crates.join(part).join("src"), &mut files);
    }
    assert!(files.len() > 50, "the sources are where they are looked for");
    let mut found = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(crates).unwrap().to_string_lossy().into_owned();
        let is_test = name.contains("/tests/") || name.ends_with("/tests.rs");
        let real = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        if is_test || name == THE_ONE {
            continue;
        }
        found.extend(WAYS_OUT.iter().filter(|way| real.contains(**way)).map(|way| format!("{name}: {way}")));
    }
    assert_eq!(found, Vec::<String>::new());
}
