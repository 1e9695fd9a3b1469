//! Shows a gateway's documentation. It is written in a small part of Markdown; a template turns the blocks into
//! HTML, so that text stays text.

use std::fmt;

/// The heading of every gateway's page below which stands what its owner has to do.
const SETTING_UP: &str = "Setting it up";

/// A piece of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Block {
    Heading(Line),
    Paragraph(Line),
    Items(Vec<Line>),
    /// Items in a sequence, with numbers.
    Steps(Vec<Line>),
    /// Rows of cells; the first row is the heading.
    Table(Vec<Vec<Line>>),
    Code(String),
}

/// Text with code and emphasis in it. Where it is shown, everything is escaped but the tags for these two.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line(String);

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut open: Option<&str> = None;
        let mut rest = self.0.as_str();
        while let Some(c) = rest.chars().next() {
            let mark = ["**", "*", "`"].into_iter().find(|mark| rest.starts_with(mark));
            let mark = mark.filter(|mark| match open {
                Some(open) => open == *mark,
                // A mark that nothing closes is a character like any other, and so is an asterisk between spaces.
                None => rest[mark.len()..].contains(mark) && !rest[mark.len()..].starts_with(' '),
            });
            let Some(mark) = mark else {
                write_escaped(f, c)?;
                rest = &rest[c.len_utf8()..];
                continue;
            };
            let tag = match mark {
                "`" => "code",
                "**" => "strong",
                _ => "em",
            };
            write!(f, "<{}{tag}>", if open.is_some() { "/" } else { "" })?;
            open = if open.is_some() { None } else { Some(mark) };
            rest = &rest[mark.len()..];
        }
        Ok(())
    }
}

impl askama::filters::HtmlSafe for Line {}

fn write_escaped(f: &mut fmt::Formatter<'_>, c: char) -> fmt::Result {
    match c {
        '&' => f.write_str("&amp;"),
        '<' => f.write_str("&lt;"),
        '>' => f.write_str("&gt;"),
        '"' => f.write_str("&quot;"),
        '\'' => f.write_str("&#39;"),
        c => write!(f, "{c}"),
    }
}

/// Reads headings, paragraphs, lists, tables, and code between fences. Everything else is a paragraph.
#[must_use]
pub(super) fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        let trimmed = line.trim();
        if trimmed.starts_with("```") {
            let code: Vec<&str> = lines.by_ref().take_while(|line| !line.trim().starts_with("```")).collect();
            blocks.push(Block::Code(code.join("\n")));
        } else if trimmed.is_empty() {
            blocks.push(Block::Paragraph(Line::default()));
        } else if let Some(heading) = trimmed.strip_prefix('#') {
            blocks.push(Block::Heading(text(heading.trim_start_matches('#'))));
        } else if let Some(item) = trimmed.strip_prefix("- ").or_else(|| trimmed.strip_prefix("* ")) {
            match blocks.last_mut() {
                Some(Block::Items(items)) => items.push(text(item)),
                _ => blocks.push(Block::Items(vec![text(item)])),
            }
        } else if let Some(item) = numbered(trimmed) {
            match blocks.last_mut() {
                Some(Block::Steps(items)) => items.push(text(item)),
                _ => blocks.push(Block::Steps(vec![text(item)])),
            }
        } else if trimmed.starts_with('|') {
            let row: Vec<Line> = trimmed.trim_matches('|').split('|').map(text).collect();
            let is_rule = row.iter().all(|cell| cell.0.chars().all(|c| matches!(c, '-' | ':')));
            match blocks.last_mut() {
                Some(Block::Table(_)) if is_rule => {}
                Some(Block::Table(rows)) => rows.push(row),
                _ => blocks.push(Block::Table(vec![row])),
            }
        } else {
            continue_with(&mut blocks, trimmed);
        }
    }
    blocks.retain(|block| *block != Block::Paragraph(Line::default()));
    blocks
}

/// What follows `12. `.
fn numbered(line: &str) -> Option<&str> {
    let (number, item) = line.split_once(". ")?;
    (!number.is_empty() && number.len() <= 2 && number.bytes().all(|byte| byte.is_ascii_digit()))
        .then_some(item)
}

/// A line of text goes on with the paragraph or the list item before it, or begins a paragraph.
fn continue_with(blocks: &mut Vec<Block>, line: &str) {
    let open = match blocks.last_mut() {
        Some(Block::Paragraph(paragraph)) => Some(paragraph),
        Some(Block::Items(items) | Block::Steps(items)) => items.last_mut(),
        _ => None,
    };
    match open {
        Some(Line(before)) if before.is_empty() => before.push_str(line),
        Some(Line(before)) => {
            before.push(' ');
            before.push_str(line);
        }
        None => blocks.push(Block::Paragraph(text(line))),
    }
}

fn text(text: &str) -> Line {
    Line(text.trim().to_owned())
}

/// The part about setting it up, without its heading, and all the rest in its sequence.
#[must_use]
pub(super) fn set_up_first(blocks: Vec<Block>) -> (Vec<Block>, Vec<Block>) {
    let (mut steps, mut rest) = (Vec::new(), Vec::new());
    let mut is_setting_up = false;
    for block in blocks {
        match &block {
            Block::Heading(Line(heading)) if heading == SETTING_UP => {
                is_setting_up = true;
                continue;
            }
            Block::Heading(_) => is_setting_up = false,
            _ => {}
        }
        if is_setting_up { steps.push(block) } else { rest.push(block) }
    }
    (steps, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_pieces_are_told_apart() {
        let page = "# What it sends\n\nA *form*\nwith `fields`.\n\n- one\n  more\n- two\n\n1. first\n   step\n2. second\n\n\
                    ```\ncmd=x\n```\n| a | `b` |\n|---|---|\n| 1 | 2 |\n\nEnd";
        assert_eq!(
            blocks(page),
            [
                Block::Heading(text("What it sends")),
                Block::Paragraph(text("A *form* with `fields`.")),
                Block::Items(vec![text("one more"), text("two")]),
                Block::Steps(vec![text("first step"), text("second")]),
                Block::Code("cmd=x".into()),
                Block::Table(vec![vec![text("a"), text("`b`")], vec![text("1"), text("2")]]),
                Block::Paragraph(text("End")),
            ]
        );
    }

    #[test]
    fn code_and_emphasis_are_marked_and_everything_else_is_text() {
        let shown = |line| text(line).to_string();
        assert_eq!(
            shown("a `<b>` **c** *d* & \"e\""),
            "a <code>&lt;b&gt;</code> <strong>c</strong> <em>d</em> &amp; &quot;e&quot;"
        );
        assert_eq!(
            shown("2 * 3 * 4, `payment.*`, `refund.*` and *"),
            "2 * 3 * 4, <code>payment.*</code>, <code>refund.*</code> and *"
        );
        assert_eq!(shown("`open, <i>"), "`open, &lt;i&gt;");
    }

    #[test]
    fn every_gateway_says_how_it_is_set_up() {
        for gateway in ipnd_gateways::ALL {
            let (steps, rest) = set_up_first(blocks(&gateway.page()));
            assert!(!steps.is_empty() && !rest.is_empty(), "{}", gateway.id);
        }
    }
}
