//! What was measured, beside what is wanted and what a peer does.

use anyhow::Result;
use serde::Serialize;

/// What a figure should be.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Wanted {
    /// Not more than this.
    AtMost(f64),
    /// Not less than this.
    AtLeast(f64),
}

impl Wanted {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
        }
    }
}

/// The median of one measurement.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Figure {
    /// What was measured, and how.
    pub(super) name: String,
    /// The median.
    pub(super) value: f64,
    /// Of what, e.g. `ms`.
    pub(super) unit: &'static str,
    /// How many runs the median is of.
    pub(super) runs: usize,
    /// What it should be, where that was said.
    pub(super) wanted: Option<Wanted>,
    /// What a peer did in the same run: its name and its figure.
    pub(super) peer: Option<(String, f64)>,
}

/// All figures, in the order in which they were measured.
#[derive(Debug, Default, Serialize)]
pub(super) struct Figures(Vec<Figure>);

impl Figures {
    /// Adds one and says it at once.
    pub(super) fn add(&mut self, figure: Figure) {
        println!("{}: {} {}", figure.name, number(figure.value), figure.unit);
        self.0.push(figure);
    }

    /// As a table in Markdown.
    pub(super) fn table(&self) -> String {
        let mut lines = vec![
            "| Measured | kombify | Wanted | Peer, same run |".to_owned(),
            "|---|---|---|---|".to_owned(),
        ];
        lines.extend(self.0.iter().map(row));
        lines.join("\n")
    }

    /// As JSON.
    ///
    /// # Errors
    /// When a figure is no number.
    pub(super) fn json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

fn row(figure: &Figure) -> String {
    let unit = figure.unit;
    let wanted = figure.wanted.map_or_else(String::new, |wanted| {
        let (word, bound) = match wanted {
            Wanted::AtMost(bound) => ("at most", bound),
            Wanted::AtLeast(bound) => ("at least", bound),
        };
        let holds = if wanted.holds(figure.value) {
            "holds"
        } else {
            "**missed**"
        };
        format!("{word} {} {unit}: {holds}", number(bound))
    });
    let peer = figure
        .peer
        .as_ref()
        .map_or_else(String::new, |(name, value)| {
            format!("{name}: {} {unit}", number(*value))
        });
    format!(
        "| {} | {} {unit} | {wanted} | {peer} |",
        figure.name,
        number(figure.value)
    )
}

/// Three digits that mean something.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// The middle one of some figures.
pub(super) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_whether_what_is_wanted_holds() {
        let figure = |value| Figure {
            name: "Memory".to_owned(),
            value,
            unit: "MB",
            runs: 3,
            wanted: Some(Wanted::AtMost(80.0)),
            peer: Some(("other".to_owned(), 120.0)),
        };
        assert_eq!(
            row(&figure(61.25)),
            "| Memory | 61.2 MB | at most 80.0 MB: holds | other: 120 MB |"
        );
        assert!(row(&figure(81.0)).contains("**missed**"));
    }

    #[test]
    fn the_median_is_the_middle_one() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
    }
}
