//! `ipnd init`: writes the documented configuration file.

use crate::config::TEMPLATE;
use crate::console::Paper;
use anyhow::{Context as _, Result, bail};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

pub(crate) fn run(file: &Path) -> Result<()> {
    let name = file.display();
    // A password may be written into it later.
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = match options.open(file) {
        Ok(out) => out,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("{name} exists already; it is left as it is")
        }
        Err(error) => return Err(error).with_context(|| format!("cannot write {name}")),
    };
    out.write_all(TEMPLATE.as_bytes())
        .and_then(|()| out.sync_all())
        .with_context(|| format!("cannot write {name}"))?;
    Paper::new().print(&format!(
        "{name} is written. Set base_url and the mail server in it, then start: ipnd serve --config {name}"
    ));
    Ok(())
}
