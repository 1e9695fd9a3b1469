//! What has to be true at the end of every history.

use crate::BROKEN;
use crate::conformance::world::{fine, terms};
use crate::plan;
use crate::simulator::Simulator;
use ipnd_core::fold::{self, Facts};
use ipnd_core::{Event, ExaminedEvent};
use ipnd_store::EventFilter;
use rusqlite::{Connection, OpenFlags};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) async fn all(simulator: &Simulator) {
    let stored = what_is_stored(simulator).await;
    let told = events(simulator, &stored).await;
    orders(simulator, &told).await;
    effects(simulator);
}

/// Nothing acknowledged is missing or changed, nothing is there that was not sent, nothing is there twice. Gives the
/// places of what is there.
async fn what_is_stored(simulator: &Simulator) -> BTreeSet<usize> {
    let (store, shop) = (&simulator.world.store, simulator.world.shop.id);
    for (index, note) in simulator.notes.iter().enumerate() {
        let Some(id) = note.acknowledged else { continue };
        let kept = store.notification(shop, id).await.unwrap();
        let kept = kept.unwrap_or_else(|| panic!("{BROKEN}: message {index} was acknowledged and is lost"));
        assert_eq!(kept.request.body, note.body, "{BROKEN}: altered");
    }
    let mut places = BTreeSet::new();
    for id in simulator.stored(None).await {
        let kept = store.notification(shop, id).await.unwrap().unwrap();
        let place = simulator.notes.iter().position(|note| note.was_sent && note.body == kept.request.body);
        let place = place.unwrap_or_else(|| panic!("{BROKEN}: {id} was never sent"));
        assert!(places.insert(place), "{BROKEN}: message {place} is stored twice");
    }
    places
}

/// Each event is recorded once, and nothing else. Gives what was told.
async fn events(simulator: &Simulator, stored: &BTreeSet<usize>) -> BTreeMap<String, Event> {
    let told: BTreeMap<String, Event> = stored
        .iter()
        .flat_map(|place| &simulator.notes[*place].events)
        .map(|event| (event.identity.clone(), event.clone()))
        .collect();
    let filter = EventFilter { limit: 200, ..EventFilter::default() };
    let recorded = simulator.world.store.events(simulator.world.shop.id, filter).await.unwrap();
    let mut once: Vec<String> = recorded
        .iter()
        .filter(|recorded| !recorded.is_repeat)
        .map(|recorded| recorded.examined.event.identity.clone())
        .collect();
    once.sort();
    let expected: Vec<String> = told.keys().cloned().collect();
    assert_eq!(once, expected, "{BROKEN}: each event is recorded exactly once");
    told
}

/// Each order is what a fold over everything that was told of it makes, from scratch.
async fn orders(simulator: &Simulator, told: &BTreeMap<String, Event>) {
    for (number, order) in simulator.orders.iter().enumerate() {
        let kept = simulator.world.read(order.unwrap()).await;
        let own: BTreeSet<String> = plan::life(number).into_iter().map(|event| event.identity).collect();
        let of_order = |(identity, _): &(&String, &Event)| own.contains(*identity);
        let events: Vec<ExaminedEvent> =
            told.iter().filter(of_order).map(|(_, event)| fine(event.clone())).collect();
        let events = reachable(events);
        let terms = terms(&[(&plan::reference(number), 1, "20.00")]);
        let expected = fold::fold(Facts { terms: &terms, cancelled_at: None, events: &events, answers: &[] });
        let json = |state| serde_json::to_string(state).unwrap();
        assert_eq!(
            json(&kept.state),
            json(&expected),
            "{BROKEN}: {} is not its fold",
            plan::reference(number)
        );
    }
}

/// Events that know no more than their payment or their case belong to an order only when that is known.
fn reachable(events: Vec<ExaminedEvent>) -> Vec<ExaminedEvent> {
    let is_paid = events.iter().any(|examined| examined.event.order_ref.is_some());
    let cases: Vec<String> = events
        .iter()
        .filter(|e| e.event.transaction.is_some())
        .filter_map(|e| e.event.case.clone())
        .collect();
    events
        .into_iter()
        .filter(|examined| {
            let event = &examined.event;
            let by_case = event.case.as_ref().is_some_and(|case| cases.contains(case));
            is_paid && (event.order_ref.is_some() || event.parent.is_some() || by_case)
        })
        .collect()
}

/// Nobody is told twice, and nothing leaves the shelf twice.
fn effects(simulator: &Simulator) {
    let db =
        Connection::open_with_flags(simulator.disk.database(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    for sql in [
        "SELECT count(*) FROM (SELECT 1 FROM mails GROUP BY order_id, effect_key HAVING count(*) > 1)",
        "SELECT count(*) FROM (SELECT 1 FROM mails WHERE kind IN ('customer.paid', 'owner.paid')
         GROUP BY order_id, kind HAVING count(*) > 1)",
        "SELECT count(*) FROM (SELECT 1 FROM stock_movements GROUP BY order_id, sku HAVING count(*) > 1)",
        "SELECT count(*) FROM products p WHERE stock <> 100 + coalesce(
             (SELECT sum(quantity) FROM stock_movements m WHERE m.product_id = p.id), 0)",
        "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
        "SELECT count(*) FROM pragma_foreign_key_check",
    ] {
        let wrong: i64 = db.query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(wrong, 0, "{BROKEN}: {sql}");
    }
}
