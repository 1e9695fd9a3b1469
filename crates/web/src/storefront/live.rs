//! The live order page: a stream of server-sent events, each with the whole status fragment.
//!
//! The state is looked at right after subscribing and then at every change, so nothing that happens in between is
//! missed; a browser that reconnects gets the present state first.

use super::order_page::has_returned;
use super::status::StatusView;
use super::visit::Visit;
use crate::errors::Failure;
use crate::page::Page;
use askama::Template;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_core::Stream;
use ipnd_store::{Change, OrderId};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;

/// Often enough that no proxy takes the stream for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// What a browser waits before it connects again.
const RETRY: Duration = Duration::from_secs(2);

#[derive(Template)]
#[template(path = "storefront/order_live.html")]
struct Fragment {
    page: Page,
    view: StatusView,
}

/// `GET /shop/{slug}/order/{token}/live`
pub(super) async fn stream(visit: Visit) -> Result<Response, Failure> {
    let changes = visit.app.store.changes();
    let order = visit.order().await?;
    let page = visit.page(visit.choice.for_person(order.language, visit.shop.language));
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(tell(visit, page, order.id, changes, sender));
    let stream = Sse::new(Events(receiver)).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    // Proxies that collect answers before passing them on would hold the news back.
    Ok(([("x-accel-buffering", "no")], stream).into_response())
}

/// Sends the fragment whenever it differs from the one before, until the stream is dropped: when the browser
/// leaves, or when the server stops, which ends all event streams.
async fn tell(
    visit: Visit,
    page: Page,
    order: OrderId,
    mut changes: Receiver<Change>,
    sender: mpsc::Sender<Event>,
) {
    let mut told = String::new();
    loop {
        match fragment(&visit, &page).await {
            Ok(fragment) if fragment.view.version == told => {}
            Ok(fragment) => {
                told.clone_from(&fragment.view.version);
                let Ok(html) = fragment.render() else { return };
                if sender.send(event(&html)).await.is_err() {
                    return;
                }
            }
            // The browser connects again and may find the store in a better state.
            Err(_) => return,
        }
        tokio::select! {
            () = sender.closed() => return,
            more = next_change(&mut changes, order) => if !more { return },
        }
    }
}

async fn fragment(visit: &Visit, page: &Page) -> Result<Fragment, Failure> {
    let order = visit.order().await?;
    let view = StatusView::of(visit, page, order, has_returned(visit)).await?;
    Ok(Fragment { page: page.clone(), view })
}

fn event(html: &str) -> Event {
    // An event's text may not contain carriage returns; in HTML they are blanks.
    Event::default().event("status").retry(RETRY).data(html.replace('\r', " "))
}

/// Waits until the order may have changed. False when there will be no more changes.
async fn next_change(changes: &mut Receiver<Change>, order: OrderId) -> bool {
    loop {
        match changes.recv().await {
            Ok(Change::Order(changed)) if changed == order => return true,
            Ok(_) => {}
            // Missed some: look for ourselves.
            Err(RecvError::Lagged(_)) => return true,
            Err(RecvError::Closed) => return false,
        }
    }
}

/// The receiving end of a channel as a stream.
struct Events(mpsc::Receiver<Event>);

impl Stream for Events {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|event| event.map(Ok))
    }
}
