//! Links and paths lead to something that is there.

use super::markdown::{Page, page, pages, root};
use std::path::Path;

#[test]
fn every_link_leads_somewhere() {
    let mut dead = Vec::new();
    for page in pages() {
        for link in page.links() {
            if link.contains("://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').map_or((link.as_str(), None), |(f, a)| (f, Some(a)));
            if !leads_somewhere(&page, file, anchor) {
                dead.push(format!("{}: {link}", page.path));
            }
        }
    }
    assert!(dead.is_empty(), "{dead:#?}");
}

fn leads_somewhere(from: &Page, file: &str, anchor: Option<&str>) -> bool {
    let folder = Path::new(&from.path).parent().unwrap();
    let path = if file.is_empty() { Path::new(&from.path).to_owned() } else { folder.join(file) };
    let Ok(path) = root().join(path).canonicalize() else { return false };
    let Ok(path) = path.strip_prefix(root()) else { return false };
    anchor.is_none_or(|anchor| page(path.to_str().unwrap()).anchors().iter().any(|own| own == anchor))
}

#[test]
fn every_page_stands_in_the_index() {
    let index = page("docs/README.md");
    for page in pages() {
        // The pages of gateways have an index of their own, which is made with them.
        let Some(path) = page.path.strip_prefix("docs/").filter(|path| {
            *path != "README.md" && (!path.starts_with("gateways/") || *path == "gateways/README.md")
        }) else {
            continue;
        };
        assert!(index.links().iter().any(|link| link == path), "docs/README.md does not name {path}");
    }
}

/// Paths that are named in the prose: from the root, or beside the one named before.
#[test]
fn every_path_that_is_named_exists() {
    let mut missing = Vec::new();
    for page in pages() {
        for row in page.rows().iter().map(|row| row.join(" ")).chain([page.prose()]) {
            let mut before = root();
            for span in row.split('`').skip(1).step_by(2).filter(|span| !span.contains([' ', '*', '{'])) {
                let is_path = ["crates/", "docs/", "xtask/"].iter().any(|start| span.starts_with(start));
                if is_path {
                    before = root().join(span);
                }
                let is_beside = !is_path && span.ends_with(".rs") && !span.contains('/');
                let path = if is_beside { before.with_file_name(span) } else { root().join(span) };
                if (is_path || is_beside) && !path.exists() {
                    missing.push(format!("{}: {span}", page.path));
                }
            }
        }
    }
    missing.dedup();
    assert!(missing.is_empty(), "{missing:#?}");
}
