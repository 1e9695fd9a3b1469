//! Payments at a steady pace, and when each was acknowledged.

use crate::bench::load;
use crate::bench::requests::Requests;
use anyhow::{Context as _, Result, ensure};
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::LocalSet;

const CONNECTIONS: usize = 16;

struct Shared {
    address: SocketAddr,
    requests: Rc<Requests>,
    next: Cell<usize>,
    began: Instant,
    each: Duration,
    acknowledged: RefCell<Vec<(usize, Instant)>>,
}

/// Sends all of them, so many a second; gives when which was acknowledged.
pub(crate) fn send(address: SocketAddr, requests: Rc<Requests>, rate: u32) -> Result<Vec<(usize, Instant)>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let shared = Rc::new(Shared {
        address,
        requests,
        next: Cell::new(0),
        began: Instant::now(),
        each: Duration::from_secs(1) / rate,
        acknowledged: RefCell::default(),
    });
    LocalSet::new().block_on(&runtime, async {
        let connections: Vec<_> =
            (0..CONNECTIONS).map(|_| tokio::task::spawn_local(connection(Rc::clone(&shared)))).collect();
        for connection in connections {
            connection.await.context("a connection crashed")??;
        }
        anyhow::Ok(())
    })?;
    Ok(shared.acknowledged.take())
}

async fn connection(shared: Rc<Shared>) -> Result<()> {
    let mut stream = TcpStream::connect(shared.address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let number = shared.next.get();
        if number >= shared.requests.len() {
            return Ok(());
        }
        shared.next.set(number + 1);
        let due = shared.began + shared.each * u32::try_from(number)?;
        tokio::time::sleep_until(due.into()).await;
        stream.write_all(shared.requests.get(number)).await?;
        let answer = load::read(&mut stream, &mut buffer).await?;
        let now = Instant::now();
        ensure!((200..300).contains(&answer.status), "a payment was answered with {}", answer.status);
        shared.acknowledged.borrow_mut().push((number, now));
    }
}
