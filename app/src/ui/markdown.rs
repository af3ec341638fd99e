//! The little Markdown that kits' READMEs use, as elements, never as raw HTML:
//! headings, paragraphs, lists, tables, fenced code, `code`, **strong** and links.

use leptos::prelude::*;

/// A block of the text.
#[derive(Debug, PartialEq, Eq)]
enum Block<'a> {
    Heading(usize, &'a str),
    Paragraph(String),
    List(bool, Vec<String>),
    Code(String),
    /// Rows of cells; the first row is the head.
    Table(Vec<Vec<String>>),
}

/// Renders a text. Its headings start below the page's own.
pub(crate) fn markdown(text: &str) -> AnyView {
    let blocks: Vec<_> = blocks(text).into_iter().map(block).collect();
    view! { <div class="prose-plain">{blocks}</div> }.into_any()
}

fn item(line: &str) -> Option<(bool, &str)> {
    if let Some(rest) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
        return Some((false, rest));
    }
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    (digits > 0)
        .then(|| line[digits..].strip_prefix(". "))
        .flatten()
        .map(|rest| (true, rest))
}

/// The cells of a line `| a | b |`.
fn cells(line: &str) -> Option<Vec<String>> {
    let inner = line.strip_prefix('|')?.strip_suffix('|')?;
    Some(
        inner
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect(),
    )
}

/// The line below a table's head: `|---|:--|`.
fn is_rule(cells: &[String]) -> bool {
    cells
        .iter()
        .all(|cell| cell.contains('-') && cell.chars().all(|c| matches!(c, '-' | ':')))
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    let mut open = false;
    while let Some(line) = lines.next() {
        let trimmed = line.trim();
        if trimmed.starts_with("```") {
            let code: Vec<_> = lines
                .by_ref()
                .take_while(|line| !line.trim().starts_with("```"))
                .collect();
            blocks.push(Block::Code(code.join("\n")));
            open = false;
        } else if trimmed.is_empty() {
            open = false;
        } else if let Some(title) = trimmed.strip_prefix('#') {
            let level = 1 + title.len() - title.trim_start_matches('#').len();
            blocks.push(Block::Heading(level, title.trim_start_matches('#').trim()));
            open = false;
        } else if let Some(row) = cells(trimmed) {
            match blocks.last_mut() {
                Some(Block::Table(rows)) if open => {
                    if !is_rule(&row) {
                        rows.push(row);
                    }
                }
                _ => blocks.push(Block::Table(vec![row])),
            }
            open = true;
        } else if let Some((ordered, rest)) = item(trimmed) {
            match blocks.last_mut() {
                Some(Block::List(same, items)) if open && *same == ordered => {
                    items.push(rest.to_owned());
                }
                _ => blocks.push(Block::List(ordered, vec![rest.to_owned()])),
            }
            open = true;
        } else {
            match blocks.last_mut() {
                Some(Block::Paragraph(before)) if open => {
                    before.push(' ');
                    before.push_str(trimmed);
                }
                Some(Block::List(_, items)) if open && line.starts_with(' ') => {
                    if let Some(last) = items.last_mut() {
                        last.push(' ');
                        last.push_str(trimmed);
                    }
                }
                _ => blocks.push(Block::Paragraph(trimmed.to_owned())),
            }
            open = true;
        }
    }
    blocks
}

fn block(block: Block<'_>) -> AnyView {
    match block {
        Block::Heading(1 | 2, title) => view! { <h2>{title.to_owned()}</h2> }.into_any(),
        Block::Heading(_, title) => view! { <h3>{title.to_owned()}</h3> }.into_any(),
        Block::Paragraph(text) => view! { <p>{inline(&text)}</p> }.into_any(),
        Block::Code(code) => view! { <pre class="code" tabindex="0">{code}</pre> }.into_any(),
        Block::Table(rows) => table(&rows),
        Block::List(ordered, items) => {
            let items: Vec<_> = items
                .iter()
                .map(|item| view! { <li>{inline(item)}</li> })
                .collect();
            if ordered {
                view! { <ol>{items}</ol> }.into_any()
            } else {
                view! { <ul>{items}</ul> }.into_any()
            }
        }
    }
}

/// A table that scrolls by itself where it is wider than its column.
fn table(rows: &[Vec<String>]) -> AnyView {
    let Some((head, body)) = rows.split_first() else {
        return ().into_any();
    };
    let titles: Vec<_> = head
        .iter()
        .map(|cell| view! { <th scope="col">{inline(cell)}</th> })
        .collect();
    let body: Vec<_> = body
        .iter()
        .map(|row| {
            let cells: Vec<_> = row
                .iter()
                .enumerate()
                .map(|(at, cell)| {
                    let label = head.get(at).cloned();
                    view! { <td data-label=label><span>{inline(cell)}</span></td> }
                })
                .collect();
            view! { <tr>{cells}</tr> }
        })
        .collect();
    view! {
        <div class="prose-table" tabindex="0">
            <table>
                <thead><tr>{titles}</tr></thead>
                <tbody>{body}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// A piece of a line.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Code(&'a str),
    Strong(&'a str),
    Link(&'a str, &'a str),
}

fn pieces(mut text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    while let Some(at) = text.find(['`', '*', '[']) {
        let rest = &text[at..];
        let found = between(rest, "`", "`")
            .map(|(inner, after)| (Piece::Code(inner), after))
            .or_else(|| {
                between(rest, "**", "**").map(|(inner, after)| (Piece::Strong(inner), after))
            })
            .or_else(|| link(rest));
        let Some((piece, after)) = found else {
            // A sign that starts nothing is a sign.
            let next = at + 1;
            pieces.push(Piece::Text(&text[..next]));
            text = &text[next..];
            continue;
        };
        if at > 0 {
            pieces.push(Piece::Text(&text[..at]));
        }
        pieces.push(piece);
        text = after;
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    pieces
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<(&'a str, &'a str)> {
    text.strip_prefix(open)?
        .split_once(close)
        .filter(|(inner, _)| !inner.is_empty())
}

/// A link to a page or a web address; anything else stays text.
fn link(text: &str) -> Option<(Piece<'_>, &str)> {
    let (label, rest) = between(text, "[", "](")?;
    let (href, after) = rest.split_once(')')?;
    (href.starts_with("https://") || (href.starts_with('/') && !href.starts_with("//")))
        .then_some((Piece::Link(label, href), after))
}

fn inline(text: &str) -> AnyView {
    let views: Vec<_> = pieces(text)
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.to_owned().into_any(),
            Piece::Code(text) => view! { <code>{text.to_owned()}</code> }.into_any(),
            Piece::Strong(text) => view! { <strong>{text.to_owned()}</strong> }.into_any(),
            Piece::Link(label, href) => view! {
                <a class="link" href=href.to_owned()>{label.to_owned()}</a>
            }
            .into_any(),
        })
        .collect();
    views.into_any()
}

#[cfg(test)]
mod tests {
    use super::{Block, Piece, blocks, pieces};

    #[test]
    fn blocks_are_told_apart() {
        let text = "# Title\nOne\ntwo\n\n- a\n  more\n- b\n\n```yaml\nkit: x\n```\n1. first";
        assert_eq!(
            blocks(text),
            [
                Block::Heading(1, "Title"),
                Block::Paragraph("One two".to_owned()),
                Block::List(false, vec!["a more".to_owned(), "b".to_owned()]),
                Block::Code("kit: x".to_owned()),
                Block::List(true, vec!["first".to_owned()]),
            ]
        );
    }

    #[test]
    fn rows_of_cells_are_a_table() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        assert_eq!(
            blocks("Before\n\n| Field | What |\n|---|:--|\n| `name` | unique |\nAfter"),
            [
                Block::Paragraph("Before".to_owned()),
                Block::Table(vec![row(["Field", "What"]), row(["`name`", "unique"])]),
                Block::Paragraph("After".to_owned()),
            ]
        );
    }

    #[test]
    fn links_lead_only_to_pages() {
        assert_eq!(
            pieces("see `cue`, **now** [here](https://x.y) [not](javascript:x) 2*3"),
            [
                Piece::Text("see "),
                Piece::Code("cue"),
                Piece::Text(", "),
                Piece::Strong("now"),
                Piece::Text(" "),
                Piece::Link("here", "https://x.y"),
                Piece::Text(" ["),
                Piece::Text("not](javascript:x) 2*"),
                Piece::Text("3"),
            ]
        );
    }
}
