//! Labels that are printable, short, and never overlap.

/// The text as an XML document may hold it, on one line.
///
/// The SVG backend escapes `<`, `&` and quotes, but control characters are not allowed in XML even
/// when escaped.
pub fn printable(text: &str) -> String {
    let allowed: String = text
        .chars()
        .map(|c| match c {
            '\u{FFFE}' | '\u{FFFF}' => char::REPLACEMENT_CHARACTER,
            c if c.is_control() => ' ',
            c => c,
        })
        .collect();
    allowed.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How many columns of a terminal the text would take: two for an East Asian character or an
/// emoji, else one.
pub fn columns(text: &str) -> usize {
    text.chars().map(char_columns).sum()
}

fn char_columns(c: char) -> usize {
    match c {
        '\u{1100}'..='\u{115F}'
        | '\u{2E80}'..='\u{A4CF}'
        | '\u{AC00}'..='\u{D7A3}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{FE30}'..='\u{FE6F}'
        | '\u{FF00}'..='\u{FF60}'
        | '\u{FFE0}'..='\u{FFE6}'
        | '\u{1F300}'..='\u{1FAFF}'
        | '\u{20000}'..='\u{3FFFD}' => 2,
        _ => 1,
    }
}

/// Replaces the middle of a text by an ellipsis, so that it takes at most `most` columns.
pub fn shorten(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    let kept = most.saturating_sub(1);
    let tail_columns = kept / 2;
    let head = prefix(text.chars(), kept - tail_columns);
    let tail = prefix(text.chars().rev(), tail_columns);
    let tail: String = tail.chars().rev().collect();
    format!("{}…{}", head.trim_end(), tail.trim_start())
}

/// The first characters that fit in `most` columns.
fn prefix(text: impl Iterator<Item = char>, most: usize) -> String {
    text.scan(0, |used, c| {
        *used += char_columns(c);
        (*used <= most).then_some(c)
    })
    .collect()
}

/// Moves positions as little as possible (in least squares) so that neighbours are at least `gap`
/// apart and all lie between `low` and `high`. `wanted` is increasing, and must fit.
///
/// With `gap` times the index taken off each position, neighbours must merely not decrease: an
/// isotonic regression, which pooling adjacent violators solves.
pub fn spread(wanted: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for (index, position) in wanted.iter().enumerate() {
        let (mut mean, mut count) = (position - gap * index as f64, 1);
        while let Some((before, size)) = pools.pop_if(|pool| pool.0 > mean) {
            mean = (mean * count as f64 + before * size as f64) / (count + size) as f64;
            count += size;
        }
        pools.push((mean, count));
    }
    let highest = high - gap * wanted.len().saturating_sub(1) as f64;
    pools
        .into_iter()
        .flat_map(|(mean, count)| std::iter::repeat_n(mean.min(highest).max(low), count))
        .enumerate()
        .map(|(index, position)| position + gap * index as f64)
        .collect()
}

/// Which of the texts with these middles and widths to show, so that no two are closer than `gap`:
/// each that has room after the one shown before it. The middles are increasing.
pub fn keep_apart(spans: &[(f64, f64)], gap: f64) -> Vec<bool> {
    let mut free = f64::NEG_INFINITY;
    spans
        .iter()
        .map(|&(middle, width)| {
            let shown = middle - width / 2.0 >= free;
            if shown {
                free = middle + width / 2.0 + gap;
            }
            shown
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_keeps_order_distance_and_bounds() {
        let cases: [&[f64]; 6] = [
            &[],
            &[50.0],
            &[0.0, 0.0, 0.0, 0.0],
            &[100.0, 100.0, 100.0],
            &[10.0, 12.0, 50.0, 51.0, 52.0, 90.0],
            &[-30.0, 5.0, 5.0, 130.0],
        ];
        for wanted in cases {
            let got = spread(wanted, 10.0, 0.0, 100.0);
            assert_eq!(got.len(), wanted.len());
            assert!(got.iter().all(|y| (-1e-9..=100.0 + 1e-9).contains(y)), "{got:?}");
            assert!(got.windows(2).all(|pair| pair[1] - pair[0] >= 10.0 - 1e-9), "{got:?}");
        }
    }

    #[test]
    fn spread_leaves_what_fits_and_centres_what_does_not() {
        assert_eq!(spread(&[10.0, 40.0, 70.0], 10.0, 0.0, 100.0), [10.0, 40.0, 70.0]);
        assert_eq!(spread(&[50.0, 50.0, 50.0], 10.0, 0.0, 100.0), [40.0, 50.0, 60.0]);
    }

    #[test]
    fn shortened_texts_keep_both_ends() {
        assert_eq!(shorten("abcdefghij", 10), "abcdefghij");
        assert_eq!(shorten("abcdefghij", 7), "abc…hij");
        assert_eq!(shorten("基因表达水平测定", 9), "基因…测定");
        assert_eq!(shorten("abc", 0), "…");
        for most in 1..30 {
            assert!(columns(&shorten("a 基 long name — with 全角 characters", most)) <= most);
        }
    }

    #[test]
    fn control_characters_do_not_reach_the_document() {
        assert_eq!(printable(" a\u{0}b\r\n\tc\u{FFFF} "), "a b c\u{FFFD}");
    }

    #[test]
    fn texts_that_would_touch_are_left_out() {
        let shown = keep_apart(&[(0.0, 20.0), (22.0, 20.0), (30.0, 20.0), (70.0, 40.0)], 5.0);
        assert_eq!(shown, [true, false, true, true]);
    }
}
