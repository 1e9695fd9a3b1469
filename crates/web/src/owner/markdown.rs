//! Shows a gateway's documentation. It is written in a small part of Markdown; a template turns the blocks into
//! HTML, so that text stays text.

/// A piece of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Block {
    Heading(String),
    Paragraph(String),
    Items(Vec<String>),
    /// Rows of cells; the first row is the heading.
    Table(Vec<Vec<String>>),
    Code(String),
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
            blocks.push(Block::Paragraph(String::new()));
        } else if let Some(heading) = trimmed.strip_prefix('#') {
            blocks.push(Block::Heading(plain(heading.trim_start_matches('#'))));
        } else if let Some(item) = trimmed.strip_prefix("- ").or_else(|| trimmed.strip_prefix("* ")) {
            match blocks.last_mut() {
                Some(Block::Items(items)) => items.push(plain(item)),
                _ => blocks.push(Block::Items(vec![plain(item)])),
            }
        } else if trimmed.starts_with('|') {
            let row: Vec<String> = trimmed.trim_matches('|').split('|').map(plain).collect();
            let is_rule = row.iter().all(|cell| cell.chars().all(|c| matches!(c, '-' | ':')));
            match blocks.last_mut() {
                Some(Block::Table(_)) if is_rule => {}
                Some(Block::Table(rows)) => rows.push(row),
                _ => blocks.push(Block::Table(vec![row])),
            }
        } else {
            continue_with(&mut blocks, &plain(trimmed));
        }
    }
    blocks.retain(|block| *block != Block::Paragraph(String::new()));
    blocks
}

/// A line of text goes on with the paragraph or the list item before it, or begins a paragraph.
fn continue_with(blocks: &mut Vec<Block>, text: &str) {
    let open = match blocks.last_mut() {
        Some(Block::Paragraph(paragraph)) => Some(paragraph),
        Some(Block::Items(items)) => items.last_mut(),
        _ => None,
    };
    match open {
        Some(before) if before.is_empty() => before.push_str(text),
        Some(before) => {
            before.push(' ');
            before.push_str(text);
        }
        None => blocks.push(Block::Paragraph(text.to_owned())),
    }
}

/// Emphasis and code marks say nothing in plain text.
fn plain(text: &str) -> String {
    text.trim().replace("**", "").replace('`', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_pieces_are_told_apart() {
        let text = "# What it sends\n\nA *form*\nwith `fields`.\n\n- one\n  more\n- two\n\n```\ncmd=x\n```\n| a | `b` |\n|---|---|\n| 1 | 2 |\n\nEnd";
        assert_eq!(
            blocks(text),
            [
                Block::Heading("What it sends".into()),
                Block::Paragraph("A *form* with fields.".into()),
                Block::Items(vec!["one more".into(), "two".into()]),
                Block::Code("cmd=x".into()),
                Block::Table(vec![vec!["a".into(), "b".into()], vec!["1".into(), "2".into()]]),
                Block::Paragraph("End".into()),
            ]
        );
    }
}
