//! M-CUT: the power goes. A disk is an image behind nbdkit, whose cache lets data through to the image only when it is
//! flushed; nbdfuse shows it as a file, a loop device makes a disk of that, and ext4 lies on it. SIGKILL for nbdkit
//! is the cut: what was not flushed is gone.

use crate::prove::Ground;
use crate::prove::run::{BROKEN, Figures, Run, Sending};
use crate::prove::stage::{PATIENCE, Under};
use anyhow::{Context as _, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const DISK_BYTES: u64 = 1 << 30;

pub(crate) fn i_02_the_power_goes(ground: &Ground) -> Result<Figures> {
    let cuts = ground.pick(3, 200);
    let mut dice = ground.dice();
    let disk = Disk::make()?;
    let mut run = {
        let _mounted = disk.mount_image()?;
        Run::new(ground.pattern.stage_at(&disk.mount.join("data"))?)?
    };
    let mut last = None;
    for number in 1..=cuts {
        let power = disk.power_on()?;
        let (server, _) =
            run.stage.start(&Under::default()).context(format!("{BROKEN}: no start after a cut"))?;
        let load = run.load(Sending { connections: 8, ..Sending::default() })?;
        std::thread::sleep(Duration::from_millis(dice.between(300, 1_500)));
        power.cut(server)?;
        load.stop()?;
        let _mounted = disk.mount_image()?;
        last = Some(run.audit(false).with_context(|| format!("after cut {number}"))?);
    }
    let _mounted = disk.mount_image()?;
    let (server, _) = run.stage.start(&Under::default())?;
    run.settle()?;
    let verdict = run.audit(true)?;
    server.kill()?;
    ensure!(last.is_some_and(|last| last.acknowledged >= cuts), "too little was acknowledged");
    Ok(vec![format!("{cuts} cuts of the power"), verdict.text()])
}

/// An image of a disk, and where it is shown.
struct Disk {
    image: PathBuf,
    socket: PathBuf,
    fuse: PathBuf,
    mount: PathBuf,
    _folder: tempfile::TempDir,
}

/// A mounted file system; unmounted when it is dropped.
struct Mounted<'a>(&'a Path);

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = command("umount", &["-l"], &[self.0]);
    }
}

/// The disk under power.
struct Power<'a> {
    disk: &'a Disk,
    nbdkit: Child,
    nbdfuse: Child,
    device: String,
}

impl Disk {
    fn make() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let within = |name: &str| folder.path().join(name);
        let (image, fuse, mount) = (within("image"), within("fuse"), within("mount"));
        std::fs::create_dir(&fuse)?;
        std::fs::create_dir(&mount)?;
        std::fs::File::create(&image)?.set_len(DISK_BYTES)?;
        command("mkfs.ext4", &["-q", "-F"], &[&image])?;
        Ok(Self { socket: within("socket"), image, fuse, mount, _folder: folder })
    }

    /// The image itself, without anything in between.
    fn mount_image(&self) -> Result<Mounted<'_>> {
        command("mount", &["-o", "loop"], &[&self.image, &self.mount])?;
        Ok(Mounted(&self.mount))
    }

    fn show(&self, shown: &Path) -> Result<Child> {
        quiet("nbdfuse")
            .arg(shown)
            .arg("--unix")
            .arg(&self.socket)
            .spawn()
            .context("nbdfuse is missing (the Debian package libnbd-bin)")
    }

    fn power_on(&self) -> Result<Power<'_>> {
        let _ = std::fs::remove_file(&self.socket);
        let image = self.image.display();
        let nbdkit = quiet("nbdkit")
            .args(["-f", "-U"])
            .arg(&self.socket)
            .args(["--filter=cache", "file", &format!("file={image}"), "cache=writeback"])
            .spawn()
            .context("nbdkit is missing (the Debian package nbdkit)")?;
        let mut power = Power { disk: self, nbdkit, nbdfuse: quiet("true").spawn()?, device: String::new() };
        until("nbdkit", || self.socket.exists())?;
        let shown = self.fuse.join("disk");
        power.nbdfuse = self.show(&shown)?;
        until("nbdfuse", || {
            // The socket may be there a moment before anybody listens at it.
            if power.nbdfuse.try_wait().is_ok_and(|ended| ended.is_some())
                && let Ok(again) = self.show(&shown)
            {
                power.nbdfuse = again;
            }
            shown.exists()
        })?;
        let device = Command::new("losetup").args(["--show", "-f"]).arg(&shown).output()?;
        ensure!(device.status.success(), "losetup: {}", String::from_utf8_lossy(&device.stderr));
        power.device = String::from_utf8(device.stdout)?.trim().to_owned();
        command("mount", &[], &[Path::new(&power.device), &self.mount])?;
        Ok(power)
    }
}

impl Power<'_> {
    /// The cut. What ipnd does without a disk counts for nothing, so it goes right after.
    fn cut(mut self, server: crate::prove::stage::Server) -> Result<()> {
        self.nbdkit.kill()?;
        server.kill()?;
        self.nbdkit.wait()?;
        Ok(())
    }
}

impl Drop for Power<'_> {
    fn drop(&mut self) {
        let _ = self.nbdkit.kill();
        let _ = self.nbdkit.wait();
        if !self.device.is_empty() {
            let _ = command("umount", &["-l"], &[&self.disk.mount]);
            let _ = command("losetup", &["-d"], &[Path::new(&self.device)]);
        }
        let _ = command("umount", &["-l"], &[&self.disk.fuse]);
        let _ = self.nbdfuse.kill();
        let _ = self.nbdfuse.wait();
    }
}

fn quiet(program: &str) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn command(program: &str, words: &[&str], paths: &[&Path]) -> Result<()> {
    let output = Command::new(program)
        .args(words)
        .args(paths)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{program} is missing"))?;
    ensure!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn until(what: &str, mut is_there: impl FnMut() -> bool) -> Result<()> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if is_there() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    bail!("{what} does not come")
}
