//! Pictures of products: an illustration for what the article number names, else for its kind, in colours that
//! follow from the article number. The same product always looks the same.

use super::visit::Visit;
use crate::errors::Failure;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use ipnd_store::ProductKind;
use sha2::{Digest, Sha256};

macro_rules! drawing {
    ($name:literal) => {
        include_str!(concat!("../../assets/pictures/", $name, ".svg"))
    };
}

/// What can be drawn, by the words in an article number that ask for it. The first match wins.
const DRAWINGS: &[(&[&str], &str)] = &[
    (&["notebook", "diary", "planner", "journal"], drawing!("notebook")),
    (&["mug", "cup"], drawing!("mug")),
    (&["tea", "coffee", "tin"], drawing!("tin")),
    (&["font", "typeface"], drawing!("font")),
    (&["ebook", "book", "guide", "handbook", "manual"], drawing!("book")),
    (&["poster", "print", "picture", "wallpaper"], drawing!("poster")),
    (&["licence", "license", "key", "software", "plugin"], drawing!("key")),
    (&["bag", "tote", "shirt"], drawing!("bag")),
];

/// Background, body, shade, paper and accent of a picture.
struct Palette {
    light: &'static str,
    mid: &'static str,
    deep: &'static str,
    paper: &'static str,
    spark: &'static str,
}

const PALETTES: [Palette; 6] = [
    Palette { light: "#dcebe4", mid: "#4f9c86", deep: "#17594a", paper: "#fbfaf5", spark: "#f0b45b" },
    Palette { light: "#f6e6d8", mid: "#d98a5f", deep: "#85401f", paper: "#fffaf3", spark: "#4f8f88" },
    Palette { light: "#e1e8f3", mid: "#6a8fc4", deep: "#28497a", paper: "#fbfcff", spark: "#f2b56b" },
    Palette { light: "#f3e2e4", mid: "#c9737f", deep: "#7c2f3d", paper: "#fffaf9", spark: "#e9c46a" },
    Palette { light: "#ece7f4", mid: "#9480c2", deep: "#4b3a7c", paper: "#fcfbff", spark: "#f0a97c" },
    Palette { light: "#f3edd3", mid: "#c4a03c", deep: "#6d5410", paper: "#fffdf4", spark: "#57937f" },
];

/// The address of a product's picture.
pub(super) fn href(visit: &Visit, sku: &str) -> String {
    let sku: String = form_urlencoded::byte_serialize(sku.as_bytes()).collect();
    // A plus means a blank only in forms; in a path it would be itself. Points alone would be climbing.
    visit.path(&format!("/pictures/{}", sku.replace('+', "%20").replace('.', "%2E")))
}

/// `GET /shop/{slug}/pictures/{sku}`
pub(super) async fn get(
    visit: Visit,
    axum::extract::Path((_, sku)): axum::extract::Path<(String, String)>,
) -> Result<Response, Failure> {
    let product = visit.app.store.product(visit.shop.id, &sku).await?;
    let product = product.filter(|product| product.is_offered).ok_or(Failure::NotFound)?;
    let headers = [
        (CONTENT_TYPE, "image/svg+xml"),
        (CACHE_CONTROL, "public, max-age=3600"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'"),
    ];
    Ok((headers, draw(&product.sku, product.kind)).into_response())
}

/// The whole picture, 4 by 3. Nothing of the product's own text gets into it.
fn draw(sku: &str, kind: ProductKind) -> String {
    let hash = Sha256::digest(sku.as_bytes());
    let palette = &PALETTES[usize::from(hash[25]) % PALETTES.len()];
    let (x, y, radius) =
        (90 + u32::from(hash[1]) % 220, 60 + u32::from(hash[2]) % 90, 110 + u32::from(hash[3]) % 50);
    let picture = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300"><rect width="400" height="300" fill="%light%"/><circle cx="{x}" cy="{y}" r="{radius}" fill="%paper%" opacity=".55"/>{}</svg>"#,
        drawing_of(sku, kind)
    );
    picture
        .replace("%light%", palette.light)
        .replace("%mid%", palette.mid)
        .replace("%deep%", palette.deep)
        .replace("%paper%", palette.paper)
        .replace("%spark%", palette.spark)
}

fn drawing_of(sku: &str, kind: ProductKind) -> &'static str {
    let sku = sku.to_lowercase();
    let words: Vec<&str> = sku.split(|c: char| !c.is_alphabetic()).collect();
    let named = DRAWINGS.iter().find(|(names, _)| names.iter().any(|name| words.contains(name)));
    named.map_or(
        match kind {
            ProductKind::Physical => drawing!("box"),
            ProductKind::Digital => drawing!("file"),
        },
        |(_, drawing)| *drawing,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_drawn_from_the_number_alone_and_never_contains_it() {
        let sku = "</svg><script>alert(1)</script>-MUG";
        let picture = draw(sku, ProductKind::Physical);
        assert_eq!(picture, draw(sku, ProductKind::Physical));
        assert!(!picture.contains("script") && !picture.contains('%'), "{picture}");
        assert_eq!(drawing_of("NOTEBOOK-A5", ProductKind::Physical), drawing!("notebook"));
        assert_eq!(drawing_of("XY-1", ProductKind::Digital), drawing!("file"));
    }
}
