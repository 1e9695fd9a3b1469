//! The documentation as files, and the few parts of Markdown that the tests look at.

use std::path::{Path, PathBuf};

/// The root of the source tree.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

pub(crate) struct Page {
    /// From the root, such as `docs/api.md`.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A page by its path from the root.
pub(crate) fn page(path: &str) -> Page {
    let text = std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    Page { path: path.to_owned(), text }
}

/// Everything that is written for people: the three pages at the root and all of `docs`.
pub(crate) fn pages() -> Vec<Page> {
    let mut paths: Vec<String> = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"].map(str::to_owned).to_vec();
    collect(Path::new("docs"), &mut paths);
    paths.sort();
    paths.iter().map(|path| page(path)).collect()
}

fn collect(folder: &Path, paths: &mut Vec<String>) {
    for entry in std::fs::read_dir(root().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = folder.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            paths.push(path.to_str().unwrap().to_owned());
        }
    }
}

impl Page {
    /// The code blocks of a language.
    pub(crate) fn blocks(&self, language: &str) -> Vec<String> {
        let mut blocks = Vec::new();
        let mut lines = self.text.lines();
        while let Some(line) = lines.next() {
            let Some(own) = line.strip_prefix("```") else { continue };
            let block: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
            if own.trim() == language {
                blocks.push(block.join("\n"));
            }
        }
        blocks
    }

    /// The text without its code blocks.
    pub(crate) fn prose(&self) -> String {
        let mut is_code = false;
        let mut prose = String::new();
        for line in self.text.lines() {
            if line.starts_with("```") {
                is_code = !is_code;
            } else if !is_code {
                prose += line;
                prose.push('\n');
            }
        }
        prose
    }

    /// The prose in one line, so that a sentence is found wherever it is broken.
    pub(crate) fn line(&self) -> String {
        self.prose().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// What stands between backticks in the prose.
    pub(crate) fn spans(&self) -> Vec<String> {
        self.line().split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    /// The rows of all tables, without headings' rules, cell by cell.
    pub(crate) fn rows(&self) -> Vec<Vec<String>> {
        let prose = self.prose();
        let rows = prose.lines().filter(|line| line.starts_with('|') && !line.starts_with("|--"));
        let cells = |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
        rows.map(cells).collect()
    }

    /// Whether a table has a row that begins with this word.
    pub(crate) fn has_row(&self, word: &str) -> bool {
        self.rows().iter().any(|row| row[0] == format!("`{word}`"))
    }

    pub(crate) fn headings(&self) -> Vec<String> {
        let prose = self.prose();
        let headings = prose.lines().filter(|line| line.starts_with('#'));
        headings.map(|line| line.trim_start_matches('#').trim().to_owned()).collect()
    }

    /// Where links can lead to within the page: its headings, as hosts of source code write them.
    pub(crate) fn anchors(&self) -> Vec<String> {
        let anchor = |heading: &String| {
            let kept = heading.to_lowercase();
            let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.collect::<String>().replace(' ', "-")
        };
        self.headings().iter().map(anchor).collect()
    }

    /// Targets of all links and pictures.
    pub(crate) fn links(&self) -> Vec<String> {
        let prose = self.prose();
        let targets = prose.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        targets.map(|(target, _)| target.to_owned()).collect()
    }
}
