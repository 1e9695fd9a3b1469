//! Products.

use crate::sql::{self, Columns as _, Db, Row, params};
use crate::{NewProduct, Product, ProductId, ProductKind, Result, ShopId, StoreError};

fn kind_word(kind: ProductKind) -> &'static str {
    match kind {
        ProductKind::Physical => "physical",
        ProductKind::Digital => "digital",
    }
}

fn kind(word: &str) -> Option<ProductKind> {
    [ProductKind::Physical, ProductKind::Digital].into_iter().find(|kind| kind_word(*kind) == word)
}

/// Makes a product, or replaces the one with this article number.
pub(crate) fn put(db: &dyn Db, new: &NewProduct) -> Result<Product> {
    let product = sql::one(
        db,
        "INSERT INTO products (sku, name, price, currency, kind, stock, description, access, is_offered, shop_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (shop_id, sku) DO UPDATE
         SET name = excluded.name, price = excluded.price, currency = excluded.currency, kind = excluded.kind,
             stock = excluded.stock, description = excluded.description, access = excluded.access,
             is_offered = excluded.is_offered
         RETURNING *",
        params![
            sql::clean(&new.sku),
            sql::clean(&new.name),
            new.price.decimal(),
            new.price.currency().code(),
            kind_word(new.kind),
            new.stock,
            sql::clean(&new.description),
            sql::clean(&new.access),
            new.is_offered,
            new.shop.0,
        ],
        read,
    )?;
    product.ok_or_else(|| StoreError::Failed("the product just written is missing".to_owned()))
}

pub(crate) fn by_sku(db: &dyn Db, shop: ShopId, sku: &str) -> Result<Option<Product>> {
    sql::one(db, "SELECT * FROM products WHERE shop_id = ?1 AND sku = ?2", params![shop.0, sku], read)
}

pub(crate) fn list(db: &dyn Db, shop: ShopId) -> Result<Vec<Product>> {
    sql::all(db, "SELECT * FROM products WHERE shop_id = ?1 ORDER BY id", [shop.0], read)
}

fn read(row: &dyn Row) -> Result<Product> {
    Ok(Product {
        id: ProductId(row.number("id")?),
        shop: ShopId(row.number("shop_id")?),
        sku: row.text("sku")?,
        name: row.text("name")?,
        description: row.text("description")?,
        price: row.money("price", "currency")?,
        kind: row.word("kind", kind)?,
        stock: row.number_opt("stock")?,
        access: row.text("access")?,
        is_offered: row.flag("is_offered")?,
    })
}
