//! Style sheet, scripts and pictures, compiled into the binary.
//!
//! Pages link to `/assets/NAME?v=HASH`: the address changes with the content, so a browser may keep what it has
//! for ever. The same name without the right hash works too, but is asked for again each time.

use axum::extract::{Path, RawQuery};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::LazyLock;

struct Asset {
    content_type: &'static str,
    bytes: &'static [u8],
    hash: String,
}

macro_rules! assets {
    ($($name:literal),+ $(,)?) => {
        /// Every file, by name.
        static ASSETS: LazyLock<BTreeMap<&'static str, Asset>> = LazyLock::new(|| {
            BTreeMap::from([$(($name, Asset::new($name, include_bytes!(concat!("../assets/", $name)))),)+])
        });
    };
}

assets! {
    "ipnd.css",
    "shop.css",
    "owner.css",
    "live.js",
    "pay.js",
    "checkout.js",
    "choose.js",
    "icons.svg",
    "favicon.svg",
}

impl Asset {
    fn new(name: &str, bytes: &'static [u8]) -> Self {
        let content_type = match name.rsplit_once('.').map(|(_, extension)| extension) {
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("svg") => "image/svg+xml",
            _ => "application/octet-stream",
        };
        let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)[..8]);
        Self { content_type, bytes, hash }
    }
}

/// The address of an asset, for pages.
///
/// # Panics
/// When there is no such file: a mistake in a template, found by the first test that renders it.
#[must_use]
pub(crate) fn href(name: &str) -> String {
    let asset = ASSETS.get(name).unwrap_or_else(|| panic!("there is no asset “{name}”"));
    format!("/assets/{name}?v={}", asset.hash)
}

/// `GET /assets/{name}`
pub(crate) async fn get(Path(name): Path<String>, RawQuery(query): RawQuery) -> Response {
    let Some(asset) = ASSETS.get(name.as_str()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let is_current = query.as_deref().and_then(|query| query.strip_prefix("v=")) == Some(&asset.hash);
    let caching = if is_current { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static(caching)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        // A picture opened by itself is a document; it may not run anything either.
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'"),
        ),
    ];
    (headers, asset.bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_asset_is_kept_for_ever_only_under_its_hash() {
        let link = href("ipnd.css");
        let query = link.split_once('?').map(|(_, query)| query.to_owned());
        let kept = get(Path("ipnd.css".into()), RawQuery(query)).await;
        assert!(kept.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        assert_eq!(kept.headers()[header::CONTENT_TYPE], "text/css; charset=utf-8");
        let asked_again = get(Path("ipnd.css".into()), RawQuery(Some("v=0".into()))).await;
        assert_eq!(asked_again.headers()[header::CACHE_CONTROL], "no-cache");
        let missing = get(Path("../Cargo.toml".into()), RawQuery(None)).await;
        assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    }
}
