//! The key of a running demo, left where only the same user of this machine finds it, so that commands beside a demo
//! need no key.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use url::{Host, Url};

/// Longer than any key; what is longer is none.
const BYTES_MAX: u64 = 200;
/// Whatever others than its owner may do with a file.
const OTHERS: u32 = 0o077;

/// Taken away again at the end.
pub(crate) struct Kept(PathBuf);

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Leaves the key of the demo that listens there. Without it, the key has to be given by hand: no reason to stop.
pub(crate) fn keep(address: SocketAddr, key: &str) -> Option<Kept> {
    let path = file(&folder(), address.port());
    write(&path, key).ok()?;
    Some(Kept(path))
}

/// The key of the demo at this address, if one runs here for this user.
pub(crate) fn find(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let is_here = match url.host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    };
    let port = url.port_or_known_default().filter(|_| is_here)?;
    read(&file(&folder(), port))
}

fn folder() -> PathBuf {
    let own = std::env::var_os("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    own.filter(|folder| folder.is_dir()).unwrap_or_else(std::env::temp_dir)
}

fn file(folder: &Path, port: u16) -> PathBuf {
    folder.join(format!("ipnd-demo-{}-{port}.key", rustix::process::getuid().as_raw()))
}

fn write(path: &Path, key: &str) -> io::Result<()> {
    // What a demo left that was killed. A link that somebody put there goes, not what it leads to.
    let _ = fs::remove_file(path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(key.as_bytes())
}

fn read(path: &Path) -> Option<String> {
    let found = fs::symlink_metadata(path).ok()?;
    let is_own = found.is_file()
        && found.uid() == rustix::process::getuid().as_raw()
        && found.mode() & OTHERS == 0
        && found.len() <= BYTES_MAX;
    if is_own { fs::read_to_string(path).ok() } else { None }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    #[test]
    fn a_key_is_its_users_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(folder.path(), 8787);
        assert_eq!(read(&path), None);
        write(&path, "first").unwrap();
        write(&path, "second").unwrap();
        assert_eq!(read(&path).as_deref(), Some("second"));
        assert_eq!(fs::metadata(&path).unwrap().mode() & OTHERS, 0);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(read(&path), None, "others may have written it");
        drop(Kept(path.clone()));
        assert!(!path.exists());
        let elsewhere = folder.path().join("elsewhere");
        write(&elsewhere, "kept").unwrap();
        symlink(&elsewhere, &path).unwrap();
        assert_eq!(read(&path), None, "no link is followed");
        write(&path, "third").unwrap();
        assert_eq!(read(&elsewhere).as_deref(), Some("kept"));
    }

    #[test]
    fn no_key_goes_to_another_machine() {
        for url in ["http://192.0.2.1:8787", "http://demo.example:8787", "nothing"] {
            assert_eq!(find(url), None, "{url}");
        }
    }
}
