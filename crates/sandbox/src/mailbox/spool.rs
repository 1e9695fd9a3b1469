//! Mails as files: `TIME-RANDOM.eml`, so that the names sort by arrival and any mail program opens them.

use ipnd_store::Clock;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Mails that the page shows; older ones stay on the disk.
const SHOWN_MAX: usize = 300;

pub(super) struct Spool {
    dir: PathBuf,
    clock: Clock,
}

impl Spool {
    pub(super) fn open(dir: &Path, clock: Clock) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        Ok(Self { dir: dir.to_owned(), clock })
    }

    /// Keeps a mail: written, synced and only then given its name, so there is never half a mail. Blocks.
    pub(super) fn keep(&self, content: &[u8]) -> io::Result<()> {
        let mut random = ipnd_store::token::random();
        random.truncate(10);
        let id = format!("{:015}-{random}", self.clock.now().as_millisecond());
        let unfinished = self.dir.join(format!("{id}.tmp"));
        let mut file = File::create_new(&unfinished)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&unfinished, self.dir.join(format!("{id}.eml")))?;
        File::open(&self.dir)?.sync_all()
    }

    /// Ids of the latest mails, newest first. Blocks.
    pub(super) fn newest(&self) -> io::Result<Vec<String>> {
        let mut ids = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let name = entry?.file_name();
            if let Some(id) = name.to_str().and_then(|name| name.strip_suffix(".eml")) {
                ids.push(id.to_owned());
            }
        }
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids.truncate(SHOWN_MAX);
        Ok(ids)
    }

    /// The bytes of a mail; `None` when there is none of this id. Blocks.
    pub(super) fn read(&self, id: &str) -> io::Result<Option<Vec<u8>>> {
        // The id comes from an address and becomes a file name: nothing but what `keep` makes.
        if id.is_empty() || !id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
            return Ok(None);
        }
        match fs::read(self.dir.join(format!("{id}.eml"))) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::{SignedDuration, Timestamp};

    #[test]
    fn mails_survive_and_are_listed_newest_first() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let spool = Spool::open(dir.path(), clock.clone()).unwrap();
        spool.keep(b"first").unwrap();
        clock.advance(SignedDuration::from_secs(1));
        spool.keep(b"second").unwrap();
        let again = Spool::open(dir.path(), clock).unwrap();
        let ids = again.newest().unwrap();
        let read: Vec<_> = ids.iter().map(|id| again.read(id).unwrap().unwrap()).collect();
        assert_eq!(read, [b"second".to_vec(), b"first".to_vec()]);
    }

    #[test]
    fn ids_are_no_paths() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("secret.eml"), "x").unwrap();
        let spool = Spool::open(&dir.path().join("mailbox"), Clock::system()).unwrap();
        for id in ["../secret", "..", "", "/etc/passwd", "a.b"] {
            assert_eq!(spool.read(id).unwrap(), None, "{id}");
        }
    }
}
