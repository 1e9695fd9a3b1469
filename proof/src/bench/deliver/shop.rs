//! A shop that wants to be told, at as many endpoints as are wanted.

use crate::api::Api;
use crate::bench::intake::Bench;
use crate::bench::load::{self, Load};
use crate::bench::subject::Subject;
use crate::server;
use anyhow::{Result, ensure};
use rusqlite::{Connection, OpenFlags};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(300);
const LOOK: Duration = Duration::from_millis(5);
/// Connections over which payments come in while nothing is measured but how fast all of it is done.
const CONNECTIONS: usize = 64;

pub(crate) struct TellingShop {
    pub(crate) subject: Subject,
    api: Api,
    endpoints: Vec<String>,
    file: PathBuf,
}

impl TellingShop {
    /// One endpoint for each address, which all take as many at a time as may be set.
    pub(crate) fn open(bench: &Bench, name: &'static str, to: &[SocketAddr], at_once: u32) -> Result<Self> {
        let shop = bench.stage.shop(name)?;
        let allowed: Vec<String> = to.iter().map(ToString::to_string).collect();
        let mut subject = bench.stage.serve(name, &shop, true, |command| {
            command.env("IPND_OUTGOING_ALLOWED", allowed.join(","));
        })?;
        let file = server::database(&bench.stage.data(name));
        subject.works_on = Some(file.clone());
        let mut api = Api::new(subject.address, &shop.key);
        let mut endpoints = Vec::new();
        for (place, address) in to.iter().enumerate() {
            endpoints.push(api.endpoint(
                &format!("Receiver {place}"),
                &format!("http://{address}/"),
                at_once,
                false,
            )?);
        }
        Ok(Self { subject, api, endpoints, file })
    }

    /// Pauses the endpoints, or lets them go on; those at or behind this place.
    pub(crate) fn turn(&mut self, what: &str, from: usize) -> Result<()> {
        self.endpoints[from..].iter().try_for_each(|endpoint| self.api.turn(endpoint, what))
    }

    /// So many payments, with everything that follows from them but telling; gives how long that took.
    pub(crate) fn is_paid(&self, bench: &mut Bench, count: usize) -> Result<Duration> {
        let requests = self.subject.requests(&mut bench.maker, count);
        let load = Load {
            address: self.subject.address,
            other: None,
            connections: CONNECTIONS,
            time: PATIENCE,
            copies: 1,
            again: false,
        };
        let began = Instant::now();
        let answers = load::run(load, requests)?;
        ensure!(answers.refused == 0, "{} payments were refused", answers.refused);
        self.subject.finish()?;
        Ok(began.elapsed())
    }

    /// Waits until nothing is left to be told.
    pub(crate) fn all_told(&self) -> Result<()> {
        self.ask("SELECT EXISTS (SELECT 1 FROM deliveries WHERE state = 'waiting')", |waits| waits == 0)
    }

    /// Deliveries that are still to be made.
    pub(crate) fn waiting(&self) -> Result<i64> {
        let db = Connection::open_with_flags(&self.file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let sql = "SELECT count(*) FROM deliveries WHERE state = 'waiting'";
        Ok(db.query_row(sql, [], |row| row.get(0))?)
    }

    fn ask(&self, sql: &str, is_it: impl Fn(i64) -> bool) -> Result<()> {
        let db = Connection::open_with_flags(&self.file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut query = db.prepare(sql)?;
        let deadline = Instant::now() + PATIENCE;
        while !is_it(query.query_row([], |row| row.get(0))?) {
            ensure!(Instant::now() < deadline, "{}: not all is told in time", self.subject.name);
            std::thread::sleep(LOOK);
        }
        Ok(())
    }
}
