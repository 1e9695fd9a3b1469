//! Owners, sessions, codes and keys.

use super::world::{World, new_shop, noon};
use ipnd_core::Language;
use ipnd_store::{NewOwner, Store, StoreError, User, token};
use jiff::SignedDuration;
use std::sync::Arc;
use tokio::task::JoinSet;

const IDLE: SignedDuration = SignedDuration::from_mins(30);
const ABSOLUTE: SignedDuration = SignedDuration::from_hours(12);
const WINDOW: SignedDuration = SignedDuration::from_mins(15);

async fn owner(store: &Arc<dyn Store>, email: &str) -> User {
    let world = World::new(store).await;
    let owner = NewOwner {
        shop: world.shop.id,
        email: email.to_owned(),
        password_hash: None,
        language: Language::De,
    };
    store.create_owner(owner, noon(0)).await.unwrap()
}

/// Wants a store that nobody has been set up in.
pub async fn t_f01_first_run_takeover(store: Arc<dyn Store>) {
    // Each node prints one when it starts, and whichever its operator has read is good.
    let codes = ["the code of a node", "the code of another"].map(token::fingerprint);
    for code in &codes {
        store.put_code(code, None, noon(60)).await.unwrap();
    }
    let set_up = |code: String, number: usize, minute: i64| {
        let store = Arc::clone(&store);
        async move {
            let email = format!("owner-{number}@example.com");
            store.set_up(&code, new_shop(), &email, "hash", noon(minute)).await.unwrap()
        }
    };
    assert!(!store.has_owner().await.unwrap());
    assert_eq!(set_up(token::fingerprint("guessed"), 0, 0).await, None);
    assert_eq!(set_up(codes[0].clone(), 0, 60).await, None, "expired");
    assert!(store.shops().await.unwrap().is_empty(), "nothing of it was kept");
    let mut race = JoinSet::new();
    for number in 0..100 {
        // Half of them have seen a code.
        let code =
            if number % 2 == 0 { codes[number / 2 % 2].clone() } else { token::fingerprint("guessed") };
        race.spawn(set_up(code, number, 1));
    }
    let winners: Vec<User> = race.join_all().await.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(store.shops().await.unwrap().len(), 1);
    assert!(store.has_owner().await.unwrap());
    // Over for good, even with a new code.
    store.put_code(&token::fingerprint("new"), None, noon(90)).await.unwrap();
    assert_eq!(set_up(token::fingerprint("new"), 7, 2).await, None);
}

pub async fn t_f03_password_guessing(store: Arc<dyn Store>) {
    let attempt = |minute: i64, address: String| {
        let store = Arc::clone(&store);
        async move {
            let keys = [("account:ada".to_owned(), 10), (address, 30)];
            store.count_attempt(&keys, noon(minute), WINDOW).await.unwrap()
        }
    };
    let mut guesses = JoinSet::new();
    for number in 0..1_000 {
        guesses.spawn(attempt(0, format!("address:{}", number % 50)));
    }
    let evaluated = guesses.join_all().await.into_iter().filter(|allowed| *allowed).count();
    assert_eq!(evaluated, 10);
    assert!(!attempt(14, "address:new".to_owned()).await);
    assert!(attempt(15, "address:new".to_owned()).await, "nobody is locked out for ever");
}

pub async fn t_f04_an_ended_session_is_final(store: Arc<dyn Store>) {
    let user = owner(&store, "f04@example.com").await;
    let print = token::fingerprint("session");
    store.start_session(&print, user.id, noon(0)).await.unwrap();
    let mut requests = JoinSet::new();
    for number in 0..200 {
        let (store, print) = (Arc::clone(&store), print.clone());
        requests.spawn(async move {
            if number == 100 {
                store.end_session(&print).await.unwrap();
            } else {
                // Late enough for its last use to be moved.
                store.session_user(&print, noon(20), IDLE, ABSOLUTE).await.unwrap();
            }
        });
    }
    requests.join_all().await;
    assert_eq!(store.session_user(&print, noon(20), IDLE, ABSOLUTE).await.unwrap(), None);
    assert!(store.start_session(&print, user.id, noon(21)).await.is_err(), "not even by starting it again");
    assert_eq!(store.session_user(&print, noon(21), IDLE, ABSOLUTE).await.unwrap(), None);
}

pub async fn sessions_wear_out(store: Arc<dyn Store>) {
    let user = owner(&store, "wear@example.com").await;
    let print = token::fingerprint("worn");
    store.start_session(&print, user.id, noon(0)).await.unwrap();
    let read = |minute| store.session_user(&print, noon(minute), IDLE, ABSOLUTE);
    assert_eq!(read(29).await.unwrap(), Some(user.clone()));
    assert_eq!(read(58).await.unwrap(), Some(user.clone()), "use keeps it alive");
    assert_eq!(read(90).await.unwrap(), None, "idle");
    let print = token::fingerprint("absolute");
    store.start_session(&print, user.id, noon(0)).await.unwrap();
    for minute in (0..720).step_by(20) {
        let alive = store.session_user(&print, noon(minute), IDLE, ABSOLUTE).await.unwrap();
        assert!(alive.is_some(), "{minute}");
    }
    assert_eq!(store.session_user(&print, noon(720), IDLE, ABSOLUTE).await.unwrap(), None);
    assert_eq!(store.session_user("unknown", noon(0), IDLE, ABSOLUTE).await.unwrap(), None);
}

pub async fn codes_work_once(store: Arc<dyn Store>) {
    let user = owner(&store, "code@example.com").await;
    let print = token::fingerprint("log me in");
    store.put_code(&print, Some(user.id), noon(60)).await.unwrap();
    assert_eq!(store.take_code("other", noon(1)).await.unwrap(), None);
    let mut race = JoinSet::new();
    for _ in 0..20 {
        let (store, print) = (Arc::clone(&store), print.clone());
        race.spawn(async move { store.take_code(&print, noon(1)).await.unwrap() });
    }
    let winners: Vec<User> = race.join_all().await.into_iter().flatten().collect();
    assert_eq!(winners, std::slice::from_ref(&user));
    let late = token::fingerprint("too late");
    store.put_code(&late, Some(user.id), noon(60)).await.unwrap();
    assert_eq!(store.take_code(&late, noon(60)).await.unwrap(), None);
    let set_up = token::fingerprint("for set-up");
    store.put_code(&set_up, None, noon(60)).await.unwrap();
    assert_eq!(store.take_code(&set_up, noon(1)).await.unwrap(), None, "a set-up code logs nobody in");
}

pub async fn keys_are_found_until_they_are_revoked(store: Arc<dyn Store>) {
    let (one, two) = (World::new(&store).await, World::new(&store).await);
    let print = token::fingerprint("ipnd_key_example");
    let key = store.create_api_key(one.shop.id, "Till", "ipnd_key_exam", &print, noon(0)).await.unwrap();
    assert_eq!(key.last_used_at, None);
    assert_eq!(store.api_key(&print, noon(1)).await.unwrap().unwrap().id, key.id);
    assert_eq!(store.api_key("other", noon(1)).await.unwrap(), None);
    let listed = store.api_keys(one.shop.id).await.unwrap().remove(0);
    assert_eq!((listed.prefix.as_str(), listed.last_used_at), ("ipnd_key_exam", Some(noon(1))));
    assert!(!store.revoke_api_key(two.shop.id, key.id).await.unwrap());
    assert!(store.revoke_api_key(one.shop.id, key.id).await.unwrap());
    assert!(!store.revoke_api_key(one.shop.id, key.id).await.unwrap());
    assert_eq!(store.api_key(&print, noon(9)).await.unwrap(), None);
    assert!(store.api_keys(one.shop.id).await.unwrap().is_empty());
}

pub async fn an_address_belongs_to_one_person(store: Arc<dyn Store>) {
    let user = owner(&store, "Person@example.com").await;
    let again = NewOwner {
        shop: user.shop,
        email: "person@EXAMPLE.com".to_owned(),
        password_hash: None,
        language: Language::En,
    };
    assert!(matches!(store.create_owner(again, noon(0)).await, Err(StoreError::Conflict(_))));
    store.set_user_language(user.id, Language::Es).await.unwrap();
    let found = store.user_by_email("PERSON@example.com").await.unwrap().unwrap();
    assert_eq!((found.id, found.language), (user.id, Language::Es));
    assert_eq!(store.user_by_email("nobody@example.com").await.unwrap(), None);
}
