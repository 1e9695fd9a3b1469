//! The frame of the owner's pages: menu, what was just done, what stands still, the demo's links.

use super::visit::Visit;
use super::words::Words;
use crate::app::DemoLinks;
use crate::page::Page;
use ipnd_store::Standstill;
use std::fmt;

/// The parts of the owner's pages, as the menu lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Orders,
    Reviews,
    Notifications,
    Products,
    Accounts,
    Endpoints,
    Templates,
    Settings,
}

impl Section {
    const ALL: [Self; 8] = [
        Self::Orders,
        Self::Reviews,
        Self::Notifications,
        Self::Products,
        Self::Accounts,
        Self::Endpoints,
        Self::Templates,
        Self::Settings,
    ];

    /// Part of its address and of its catalogue key.
    fn word(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Reviews => "reviews",
            Self::Notifications => "notifications",
            Self::Products => "products",
            Self::Accounts => "accounts",
            Self::Endpoints => "endpoints",
            Self::Templates => "templates",
            Self::Settings => "settings",
        }
    }

    fn icon(self) -> &'static str {
        match self {
            Self::Orders => "receipt",
            Self::Reviews => "question",
            Self::Notifications => "bell",
            Self::Products => "box",
            Self::Accounts => "card",
            Self::Endpoints => "link",
            Self::Templates => "mail",
            Self::Settings => "settings",
        }
    }
}

/// A line of the menu.
pub(super) struct MenuLine {
    pub(super) href: String,
    pub(super) name: String,
    pub(super) icon: &'static str,
    pub(super) is_current: bool,
    /// How many things wait there.
    pub(super) waiting: usize,
}

/// What every page of a logged-in owner needs beside its own content. It is also the [`Page`] that the layout asks for.
pub(super) struct Frame {
    plain: Plain,
    section: Section,
    reviews: usize,
    pub(super) csrf: String,
    pub(super) demo: Option<DemoLinks>,
    pub(super) done: Option<Done>,
    pub(super) standstills: Vec<Stuck>,
}

/// A picture of the sprite, as a piece of HTML. Its name is always written in a template, never data.
pub(super) struct Icon(String);

impl Icon {
    fn new(page: &Page, name: &str) -> Self {
        Self(page.icon(name))
    }
}

impl fmt::Display for Icon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r#"<svg class="icon" aria-hidden="true"><use href="{}"/></svg>"#, self.0)
    }
}

impl askama::filters::HtmlSafe for Icon {}

/// What was just done, or not done.
pub(super) struct Done {
    pub(super) text: String,
    pub(super) tone: &'static str,
    pub(super) icon: &'static str,
}

/// A queue of this server that stands still. Every owner sees it on every page, also the one who has nothing in it yet and
/// is not mailed: what comes next would wait there.
pub(super) struct Stuck {
    /// What is not done.
    pub(super) what: String,
    pub(super) since: String,
    /// What that means.
    pub(super) effect: String,
}

impl Stuck {
    fn new(standstill: &Standstill, words: Words) -> Self {
        let queue = standstill.queue.word();
        Self {
            what: words.domain(&format!("standstill.{queue}")),
            since: words.with("standstill.since", "since", words.at(standstill.since)),
            effect: words.domain(&format!("standstill_effect.{queue}")),
        }
    }
}

/// The words that say that something did not happen.
const REFUSALS: [&str; 8] = [
    "not_cancelled",
    "answered_before",
    "no_address",
    "message_empty",
    "message_long",
    "no_check",
    "endpoint_no_test",
    "not_resent",
];

impl Done {
    /// Only words of the catalogue: an address cannot put text of its own into a page.
    fn from_query(query: &str, words: Words) -> Option<Self> {
        let (_, word) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "done")?;
        let key = format!("done.{word}");
        let (tone, icon) = if REFUSALS.contains(&&*word) { ("wait", "alert") } else { ("good", "check") };
        Words::has(&key).then(|| Self { text: words.t(&key), tone, icon })
    }
}

impl Frame {
    pub(super) fn new(visit: &Visit, section: Section, reviews: usize, standstills: &[Standstill]) -> Self {
        // The links to other languages lead to the same page, but not to what was just done.
        let uri = without_done(&visit.uri);
        Self {
            plain: Plain {
                page: Page::new(visit.words.0, &visit.shop.name, "/owner/orders", &uri),
                words: visit.words,
            },
            section,
            reviews,
            csrf: visit.csrf.clone(),
            demo: visit.app.demo.clone(),
            done: visit.uri.query().and_then(|query| Done::from_query(query, visit.words)),
            standstills: standstills.iter().map(|standstill| Stuck::new(standstill, visit.words)).collect(),
        }
    }

    /// All lines of the menu, in the order of the desk's bar.
    pub(super) fn menu(&self) -> impl Iterator<Item = MenuLine> {
        Section::ALL.into_iter().map(|section| self.line(section))
    }

    /// What fits into the bar at the foot of a phone; the rest stands under “more”.
    pub(super) fn menu_first(&self) -> impl Iterator<Item = MenuLine> {
        self.menu().take(3)
    }

    pub(super) fn menu_rest(&self) -> impl Iterator<Item = MenuLine> {
        self.menu().skip(3)
    }

    pub(super) fn is_in_rest(&self) -> bool {
        self.menu_rest().any(|line| line.is_current)
    }

    fn line(&self, section: Section) -> MenuLine {
        MenuLine {
            href: format!("/owner/{}", section.word()),
            name: self.words.t(&format!("nav.{}", section.word())),
            icon: section.icon(),
            is_current: section == self.section,
            waiting: if section == Section::Reviews { self.reviews } else { 0 },
        }
    }
}

impl std::ops::Deref for Frame {
    type Target = Plain;
    fn deref(&self) -> &Plain {
        &self.plain
    }
}

fn without_done(uri: &http::Uri) -> http::Uri {
    let mut rest = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        if name != "done" {
            rest.append_pair(&name, &value);
        }
    }
    let rest = rest.finish();
    let text = if rest.is_empty() { uri.path().to_owned() } else { format!("{}?{rest}", uri.path()) };
    text.parse().unwrap_or_default()
}

/// The frame of pages that need nobody to be logged in: logging in, setting up, failures.
pub(super) struct Plain {
    page: Page,
    words: Words,
}

impl Plain {
    pub(super) fn new(words: Words, uri: &http::Uri) -> Self {
        Self { page: Page::new(words.0, "ipnd", "/owner", uri), words }
    }

    pub(super) fn svg(&self, name: &str) -> Icon {
        Icon::new(&self.page, name)
    }

    pub(super) fn t(&self, key: &str) -> String {
        self.words.t(key)
    }

    pub(super) fn with(&self, key: &str, name: &str, value: impl ToString) -> String {
        self.words.with(key, name, value)
    }
}

impl std::ops::Deref for Plain {
    type Target = Page;
    fn deref(&self) -> &Page {
        &self.page
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipnd_core::Language;

    #[test]
    fn t_f08_link_parameters_cannot_put_text_into_a_page() {
        let words = Words(Language::En);
        assert!(Done::from_query("done=message", words).is_some());
        for strange in ["done=<b>x</b>", "done=https://evil.example", "done=", "x=1", "done=../nav.menu"] {
            assert!(Done::from_query(strange, words).is_none(), "{strange}");
        }
    }

    #[test]
    fn every_refusal_has_its_words() {
        assert!(REFUSALS.iter().all(|word| Words::has(&format!("done.{word}"))));
    }

    #[test]
    fn the_links_to_other_languages_do_not_repeat_what_was_done() {
        let cleaned = without_done(&"/owner/orders?search=a%26b&done=message".parse().unwrap());
        assert_eq!(cleaned.to_string(), "/owner/orders?search=a%26b");
    }
}
