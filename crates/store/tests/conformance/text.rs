//! Texts that are out to make trouble.

use super::world::{World, eur, event, noon, payment, sent, terms, unique};
use ipnd_core::{Customer, Event, EventItem, EventKind, OrderStatus, Reason};
use ipnd_store::{CheckOutcome, EventFilter, NewProduct, OrderFilter, Store};
use std::sync::Arc;

const NAUGHTY: &[&str] = &[
    "'; DROP TABLE orders; --",
    "1' OR '1'='1",
    "\" OR \"\"=\"",
    "x'); DELETE FROM events; --",
    "Robert'); UPDATE orders SET status = 'paid'; --",
    "%_\\%",
    "/* */ ?1 :name @x $y",
    "$$; SELECT pg_sleep(9); $$",
    "\\'; --\\",
    "{{ 7 * 7 }} ${7*7} <script>alert(1)</script>",
    "\u{202e}gnp.exe\u{200b}\u{feff}",
    "👩‍👩‍👧 ﷽ ß İ ı",
    "line\r\nbreak\ttab\u{7f}\u{1b}[31m",
    "",
    " leading and trailing ",
];

/// An event with the text in every field that takes text.
fn filled(text: &str) -> Event {
    let own = || Some(text.to_owned());
    let mut event = event(EventKind::PaymentCompleted, "", "10.00", 1);
    event.identity = format!("{text}#{}", unique());
    event.transaction = Some(event.identity.clone());
    (event.order_ref, event.parent, event.case, event.subscription) = (own(), own(), own(), own());
    (event.status, event.reason, event.custom, event.note) = (own(), own(), own(), own());
    event.receivers = vec![text.to_owned(), text.to_owned()];
    event.customer = Customer {
        name: own(),
        email: own(),
        phone: own(),
        address: vec![text.replace(['\r', '\n'], " ")],
        country: own(),
    };
    event.items =
        vec![EventItem { sku: own(), name: text.to_owned(), quantity: 1, amount: Some(eur("10.00")) }];
    event
}

pub async fn t_b17_sql_injection_through_notification_fields(store: Arc<dyn Store>) {
    let bystander = World::new(&store).await;
    let untouched = bystander.order("1001", "10.00").await;
    for text in NAUGHTY {
        let world = World::new(&store).await;
        let mut new = world.new_order(Some(text), terms(&[(text, 1, "10.00")]));
        new.customer = Customer { name: Some((*text).to_owned()), ..Customer::default() };
        let order = store.register_order(new).await.unwrap();
        assert_eq!(order.reference, *text);
        let told = filled(text);
        let due = world.receive().await;
        let outcome =
            CheckOutcome::genuine(vec![super::world::fine(told.clone())], Some(Reason::new("test", text)));
        world.settle(&due, outcome).await;
        let kept = store.events(world.shop.id, EventFilter::default()).await.unwrap();
        assert_eq!(kept[0].examined.event, told, "{text:?}");
        let found = store.order_by_reference(world.shop.id, text).await.unwrap().unwrap();
        assert_eq!(found.id, order.id);
        assert_eq!(found.terms, order.terms);
        if !text.is_empty() {
            assert_eq!(found.state.status, OrderStatus::Paid, "{text:?}");
            let one_line = text.replace(char::is_control, " ");
            assert_eq!(found.customer.email, Some(one_line), "an order's columns hold one line each");
            let filter = OrderFilter { search: Some((*text).to_owned()), ..Default::default() };
            assert_eq!(store.orders(world.shop.id, filter).await.unwrap().len(), 1, "{text:?}");
        }
        store.write_message(world.shop.id, order.id, text, noon(1)).await.unwrap();
        store.cancel_order(world.shop.id, order.id, noon(9)).await.unwrap();
        let product = NewProduct {
            shop: world.shop.id,
            sku: (*text).to_owned(),
            name: (*text).to_owned(),
            description: (*text).to_owned(),
            price: eur("1.00"),
            kind: ipnd_store::ProductKind::Digital,
            stock: None,
            access: (*text).to_owned(),
            is_offered: true,
        };
        assert_eq!(store.put_product(product).await.unwrap().name, *text);
        assert!(store.user_by_email(text).await.unwrap().is_none());
        assert!(store.account_by_token(text).await.unwrap().is_none());
        assert!(store.shop_by_slug(text).await.unwrap().is_none());
    }
    assert_eq!(bystander.read(untouched.id).await, untouched);
}

pub async fn t_b13_text_encoding(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    for (number, nul) in ["\0", "a\0b", "\0\0tail", "ß\0\u{10ffff}"].into_iter().enumerate() {
        let reference = format!("{nul}{number}");
        let marked = reference.replace('\0', "\u{fffd}");
        let new = world.new_order(Some(&reference), terms(&[("", 1, "10.00")]));
        let order = store.register_order(new).await.unwrap();
        assert_eq!(order.reference, marked);
        let due = world.receive().await;
        let mut told = filled(nul);
        told.order_ref = Some(reference.clone());
        let outcome = CheckOutcome::genuine(
            vec![super::world::fine(told)],
            Some(Reason { code: "test".to_owned(), detail: nul.to_owned() }),
        );
        world.settle(&due, outcome).await;
        let found = store.order_by_reference(world.shop.id, &reference).await.unwrap().unwrap();
        assert_eq!((found.id, found.state.status), (order.id, OrderStatus::Paid));
        let event = store.events(world.shop.id, EventFilter::default()).await.unwrap().remove(0);
        let text = serde_json::to_string(&event.examined).unwrap();
        assert!(!text.contains("\\u0000"), "{text}");
        assert_eq!(event.examined.event.note.unwrap(), nul.replace('\0', "\u{fffd}"));
    }
    // The raw notification keeps its bytes as they came.
    let raw = b"a=\0&b=\xff\xfe\xc0\x80";
    world.journal(raw, noon(3)).await;
    assert_eq!(sent(&world.claim(noon(3)).await[0]).body, raw);
}

pub async fn t_b14_look_alike_names(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let order = world.order("A-1", "10.00").await;
    for alike in ["a-1", "А-1", "A‐1", "A-1 ", " A-1", "A-1\u{200b}", "Ａ-1", "A-01"] {
        world.tell(payment(alike, &format!("T{}", unique()), "10.00")).await;
        assert_eq!(world.read(order.id).await.state.status, OrderStatus::Open, "{alike:?}");
        assert!(store.order_by_reference(world.shop.id, alike).await.unwrap().is_none());
    }
    assert_eq!(world.open_reviews().await.len(), 8);
}
