//! Positions and labels of the marks on an axis.

/// Exponents of ten for which numbers are written without an exponent.
const PLAIN_EXPONENTS: std::ops::RangeInclusive<i32> = -4..=4;

/// Ranges of λ shorter than this (in powers of ten) get evenly spaced numbers.
const SHORT_DECADES: f64 = 0.7;

/// From this many powers of ten on, only powers of ten are labelled.
const LONG_DECADES: f64 = 3.3;

/// From this many powers of ten on, there are no marks between them.
const VERY_LONG_DECADES: f64 = 6.0;

/// The most powers of ten that are labelled.
const MOST_DECADES: f64 = 8.0;

/// A labelled mark.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// Its position: a number on a linear axis, the logarithm to base ten on a logarithmic one.
    pub at: f64,
    /// Its label.
    pub label: String,
}

/// The marks of a logarithmic axis, at logarithms to base ten.
#[derive(Debug, Clone, Default)]
pub struct LogTicks {
    /// Marks with a label, increasing.
    pub labelled: Vec<Tick>,
    /// Marks between them.
    pub minor: Vec<f64>,
}

/// About `target` marks at multiples of 1, 2 or 5 times a power of ten between
/// `low` and `high`, which must be finite and increasing.
pub fn linear(low: f64, high: f64, target: f64) -> Vec<Tick> {
    let coarse = (high - low) / target;
    let floor = exponent_of(coarse);
    let (mantissa, exponent) = match coarse / 10f64.powi(floor) {
        // The bounds are the geometric means of the neighbours.
        x if x < 2f64.sqrt() => (1.0, floor),
        x if x < 10f64.sqrt() => (2.0, floor),
        x if x < 50f64.sqrt() => (5.0, floor),
        _ => (1.0, floor + 1),
    };
    // Marks are kept as whole numbers of 10^exponent, so that labels are exact.
    let step = mantissa * 10f64.powi(exponent);
    let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    let marks: Vec<f64> = std::iter::successors(Some(first), |k| Some(k + 1.0))
        .take_while(|&k| k <= last)
        .map(|k| k * mantissa)
        .collect();
    let largest = marks.iter().fold(1.0, |largest: f64, mark| largest.max(mark.abs()));
    let scale = written_exponent(exponent + exponent_of(largest));
    marks
        .into_iter()
        .map(|mark| Tick { at: scaled(mark, exponent), label: number(mark, exponent, scale) })
        .collect()
}

/// Marks for the numbers whose logarithms to base ten lie between `low` and `high`.
pub fn logarithmic(low: f64, high: f64) -> LogTicks {
    let decades = high - low;
    if decades < SHORT_DECADES {
        return short_logarithmic(low, high);
    }
    let stride = floor(decades / MOST_DECADES) + 1;
    let is_labelled = |mantissa: u32, exponent: i32| match mantissa {
        1 => exponent.rem_euclid(stride) == 0,
        2 | 5 => decades < LONG_DECADES,
        _ => false,
    };
    let (mut labelled, mut minor) = (Vec::new(), Vec::new());
    for exponent in floor(low)..=floor(high) {
        for mantissa in 1..=9 {
            let at = f64::from(exponent) + f64::from(mantissa).log10();
            if !(low - 1e-9..=high + 1e-9).contains(&at) {
                continue;
            }
            if is_labelled(mantissa, exponent) {
                labelled.push((at, mantissa, exponent));
            } else if decades < VERY_LONG_DECADES || mantissa == 1 {
                minor.push(at);
            }
        }
    }
    // One notation for the whole axis.
    let plain = labelled.iter().all(|(_, _, exponent)| PLAIN_EXPONENTS.contains(exponent));
    let labelled = labelled
        .into_iter()
        .map(|(at, mantissa, exponent)| {
            let label = match (plain, mantissa) {
                (true, _) => number(f64::from(mantissa), exponent, None),
                (false, 1) => format!("10{}", superscript(exponent)),
                (false, _) => number(f64::from(mantissa), exponent, Some(exponent)),
            };
            Tick { at, label }
        })
        .collect();
    LogTicks { labelled, minor }
}

/// Evenly spaced numbers, or the one number that there is.
fn short_logarithmic(low: f64, high: f64) -> LogTicks {
    let (smallest, largest) = (10f64.powf(low), 10f64.powf(high));
    // Closer numbers would need labels of too many digits.
    if largest < smallest * 1.001 {
        let label = four_digits(smallest);
        return LogTicks { labelled: vec![Tick { at: low, label }], minor: Vec::new() };
    }
    let labelled = linear(smallest, largest, 6.0)
        .into_iter()
        .map(|tick| Tick { at: tick.at.log10(), label: tick.label })
        .collect();
    LogTicks { labelled, minor: Vec::new() }
}

/// A positive number rounded to four digits.
fn four_digits(value: f64) -> String {
    let scale = exponent_of(value);
    let (mut mark, mut exponent) = ((value / 10f64.powi(scale - 3)).round(), scale - 3);
    while mark % 10.0 == 0.0 {
        mark /= 10.0;
        exponent += 1;
    }
    number(mark, exponent, written_exponent(scale))
}

/// Writes `mark` · 10^`exponent` with all its digits, for a whole `mark`: as a plain number, or as
/// a multiple of 10^`scale`.
fn number(mark: f64, exponent: i32, scale: Option<i32>) -> String {
    let sign = if mark < 0.0 { "−" } else { "" };
    match scale {
        _ if mark == 0.0 => "0".to_owned(),
        None => format!("{sign}{}", fixed(mark.abs(), exponent)),
        Some(scale) => {
            format!("{sign}{}×10{}", fixed(mark.abs(), exponent - scale), superscript(scale))
        }
    }
}

/// The exponent to write on an axis whose largest number has this one, if any.
fn written_exponent(largest: i32) -> Option<i32> {
    (!PLAIN_EXPONENTS.contains(&largest)).then_some(largest)
}

/// Writes `mark` · 10^`exponent` without an exponent.
fn fixed(mark: f64, exponent: i32) -> String {
    let decimals = usize::try_from(-exponent).unwrap_or(0);
    let text = format!("{:.decimals$}", scaled(mark, exponent));
    if decimals == 0 { group(&text) } else { text }
}

/// `mark` · 10^`exponent`, correctly rounded where the power of ten is exact.
fn scaled(mark: f64, exponent: i32) -> f64 {
    if exponent < 0 { mark / 10f64.powi(-exponent) } else { mark * 10f64.powi(exponent) }
}

/// A count with its thousands set apart: `12,345`.
pub fn grouped(count: usize) -> String {
    group(&count.to_string())
}

fn group(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn superscript(exponent: i32) -> String {
    let raised = |c| match c {
        '-' => '⁻',
        '0' => '⁰',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4' => '⁴',
        '5' => '⁵',
        '6' => '⁶',
        '7' => '⁷',
        '8' => '⁸',
        '9' => '⁹',
        other => other,
    };
    exponent.to_string().chars().map(raised).collect()
}

/// The largest power of ten that is at most a positive `value`.
fn exponent_of(value: f64) -> i32 {
    floor(value.log10())
}

#[expect(clippy::cast_possible_truncation, reason = "logarithms of doubles are small")]
fn floor(logarithm: f64) -> i32 {
    logarithm.floor() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn linear_ticks_are_inside_even_and_not_too_many() {
        for (low, high) in [
            (0.0, 1.0),
            (-0.37, 2.9),
            (-1e12, 3e11),
            (0.0, 3e-9),
            (-7.0, 0.0),
            (1.0, 1.2),
            (-1e300, 1e300),
            (0.0, 1e-300),
        ] {
            let ticks = linear(low, high, 6.0);
            assert!((4..=10).contains(&ticks.len()), "{low} {high}: {ticks:?}");
            let slack = (high - low) * 1e-6;
            let step = ticks[1].at - ticks[0].at;
            for tick in &ticks {
                assert!(low - slack <= tick.at && tick.at <= high + slack);
                assert!(tick.label.chars().count() <= 12, "{}", tick.label);
            }
            for pair in ticks.windows(2) {
                assert!((pair[1].at - pair[0].at - step).abs() <= slack);
                assert_ne!(pair[0].label, pair[1].label);
            }
        }
    }

    #[test]
    fn linear_labels_are_exact_and_uniform() {
        assert_eq!(labels(&linear(-0.1, 0.3, 4.0)), ["−0.1", "0", "0.1", "0.2", "0.3"]);
        assert_eq!(
            labels(&linear(0.0, 40_000.0, 4.0)),
            ["0", "10,000", "20,000", "30,000", "40,000"]
        );
        assert_eq!(
            labels(&linear(0.0, 2e-9, 4.0)),
            ["0", "0.5×10⁻⁹", "1.0×10⁻⁹", "1.5×10⁻⁹", "2.0×10⁻⁹"]
        );
        assert_eq!(labels(&linear(-1e12, 0.0, 2.0)), ["−1.0×10¹²", "−0.5×10¹²", "0"]);
    }

    #[test]
    fn logarithmic_labels_follow_the_range() {
        assert_eq!(
            labels(&logarithmic(-2.1, 0.1).labelled),
            ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1"]
        );
        assert_eq!(labels(&logarithmic(-3.5, 0.2).labelled), ["0.001", "0.01", "0.1", "1"]);
        assert_eq!(labels(&logarithmic(-9.2, -6.5).labelled)[..2], ["10⁻⁹", "2×10⁻⁹"]);
        assert_eq!(labels(&logarithmic(-6.0, 0.0).labelled)[..2], ["10⁻⁶", "10⁻⁵"]);
    }

    #[test]
    fn a_logarithmic_axis_has_one_notation() {
        assert_eq!(labels(&logarithmic(4.6, 5.4).labelled), ["5×10⁴", "10⁵", "2×10⁵"]);
    }

    #[test]
    fn logarithmic_ticks_are_inside_and_increasing() {
        for (low, high) in [(-1.0, 0.0), (-3.0, -0.1), (-300.0, 300.0), (0.0, 0.08), (-9.0, -8.9)] {
            let LogTicks { labelled, minor } = logarithmic(low, high);
            assert!((2..=10).contains(&labelled.len()), "{low} {high}: {labelled:?}");
            assert!(labelled.is_sorted_by(|a, b| a.at < b.at));
            let inside = |at: f64| (low - 1e-6..=high + 1e-6).contains(&at);
            assert!(labelled.iter().all(|tick| inside(tick.at)) && minor.into_iter().all(inside));
        }
    }

    #[test]
    fn a_single_number_is_labelled_with_four_digits() {
        let label =
            |value: f64| logarithmic(value.log10(), value.log10()).labelled[0].label.clone();
        assert_eq!(label(0.3), "0.3");
        assert_eq!(label(0.123_456), "0.1235");
        assert_eq!(label(1234.56), "1,235");
        assert_eq!(label(1.5e-9), "1.5×10⁻⁹");
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
