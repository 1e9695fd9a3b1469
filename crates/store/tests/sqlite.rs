use ipnd_store::{NewShop, Store, sqlite::SqliteStore};
#[tokio::test]
async fn opens() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let store = SqliteStore::open(&path).unwrap();
    store.probe().await.unwrap();
    let now = ipnd_store::Clock::system().now();
    let shop = store
        .create_shop(
            NewShop {
                slug: "demo".into(),
                name: "Demo".into(),
                language: Default::default(),
                currency: ipnd_core::Currency::from_code("EUR").unwrap(),
                owner_email: "o@example.com".into(),
            },
            now,
        )
        .await
        .unwrap();
    assert_eq!(store.shop(shop.id).await.unwrap().unwrap(), shop);
    assert!(SqliteStore::open(&path).is_err());
    store.close().await;
    assert!(store.probe().await.is_err());
    SqliteStore::open(&path).unwrap();
}
