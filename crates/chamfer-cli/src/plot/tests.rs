//! Tests of whole pictures.

use resvg::usvg::{Options, Tree};

use super::*;

/// A path of `count` coefficients on a grid from `largest` down by the factor `ratio`.
struct Example {
    lambdas: Vec<f64>,
    sizes: Vec<usize>,
    names: Vec<String>,
    values: Vec<Vec<f64>>,
}

impl Example {
    fn new(count: usize, length: usize, largest: f64, ratio: f64, scale: f64) -> Self {
        let fraction = |i: usize, n: usize| i as f64 / n.saturating_sub(1).max(1) as f64;
        let lambdas: Vec<f64> =
            (0..length).map(|i| largest * ratio.powf(-fraction(i, length))).collect();
        let values = (0..count).map(|j| {
            let slope = scale * (1.0 - 1.9 * fraction(j, count));
            let enters = fraction(j, count) / 2.0;
            (0..length).map(|i| slope * (fraction(i, length) - enters).max(0.0)).collect()
        });
        Self {
            lambdas,
            sizes: (0..length).map(|i| i * 1000).collect(),
            names: (0..count).map(|j| format!("x{j}")).collect(),
            values: values.collect(),
        }
    }

    fn curves(&self) -> Vec<Curve<'_>> {
        let pairs = self.names.iter().zip(&self.values);
        pairs.map(|(name, values)| Curve { name, values: values.clone() }).collect()
    }

    fn svg(&self) -> Result<String, PlotError> {
        path_svg(&PathPlot {
            title: "A title with <b> & \"quotes\"",
            lambdas: &self.lambdas,
            support_sizes: &self.sizes,
            curves: &self.curves(),
            coefficient_label: "Coefficient",
        })
    }
}

/// Checks that the picture is well-formed and holds no number that is not one.
fn assert_good(svg: &str) {
    let tree = Tree::from_str(svg, &Options::default()).expect("a well-formed document");
    assert_eq!((tree.size().width(), tree.size().height()), (900.0, 600.0));
    assert!(!svg.contains("2147483647"), "a coordinate is out of range");
}

#[test]
fn edge_cases_render() {
    for (count, length, largest, ratio, scale) in [
        (0, 1, 1.0, 1.0, 1.0),
        (0, 50, 1.0, 100.0, 1.0),
        (1, 1, 0.3, 1.0, 1.0),
        (1, 2, 1.0, 10.0, -1.0),
        (3, 5, 2.0, 1.0, 1.0),
        (12, 1, 0.3, 1.0, 1.0),
        (5, 30, 0.123, 1.2, 1.0),
        (5, 30, 0.123, 1.000_01, 1.0),
        (5, 30, 1e3, 1e6, 1e12),
        (5, 30, 1e-9, 1e3, 1e-9),
        (5, 30, 1e300, 1e300, 1e300),
        (5, 30, 1.0, 1e3, 1e-299),
        (5, 30, 1.0, 1e3, f64::MIN_POSITIVE),
        (3000, 4, 1.0, 1e3, 1.0),
    ] {
        let example = Example::new(count, length, largest, ratio, scale);
        assert_good(&example.svg().expect("a drawable path"));
    }
}

#[test]
fn panels_render_for_any_number_of_outputs() {
    let example = Example::new(14, 6, 1.0, 1e3, 1.0);
    for n_panels in [0, 1, 2, 3, 4, 5, 9, 10, 24, 40] {
        for common_scale in [true, false] {
            let names: Vec<String> = (0..n_panels).map(|k| format!("class <{k}>")).collect();
            let panel = |(k, name): (usize, &'_ String)| -> (String, Vec<Vec<f64>>) {
                let scaled = |values: &Vec<f64>| values.iter().map(|v| v * k as f64).collect();
                (name.clone(), example.values.iter().map(scaled).collect())
            };
            let values: Vec<_> = names.iter().enumerate().map(panel).collect();
            let curves = |values: &Vec<Vec<f64>>| -> Vec<Curve<'_>> {
                let pairs = example.names.iter().zip(values);
                pairs.map(|(name, values)| Curve { name, values: values.clone() }).collect()
            };
            let panels: Vec<Panel<'_>> = values
                .iter()
                .map(|(name, values)| Panel { name, curves: curves(values) })
                .collect();
            let svg = panels_svg(&PanelsPlot {
                title: "A title",
                lambdas: &example.lambdas,
                panels: &panels,
                common_scale,
                coefficient_label: "Coefficient",
            })
            .expect("drawable panels");
            let tree = Tree::from_str(&svg, &Options::default()).expect("a well-formed document");
            assert!(tree.size().width() == 900.0 && tree.size().height() < 1500.0);
            assert!(!svg.contains("2147483647"), "a coordinate is out of range");
            // The first panel has zeros only.
            assert_eq!(svg.contains("all coefficients are zero"), n_panels == 1, "{n_panels}");
            assert_eq!(svg.contains("4 other columns in grey"), n_panels >= 2, "{n_panels}");
            assert_eq!(svg.contains("16 more panels not shown"), n_panels == 40);
        }
    }
}

#[test]
fn a_path_of_zeros_says_so() {
    let notice = "all coefficients are zero";
    assert!(Example::new(0, 5, 1.0, 10.0, 1.0).svg().unwrap().contains(notice));
    assert!(Example::new(2, 5, 1.0, 10.0, 0.0).svg().unwrap().contains(notice));
    assert!(!Example::new(2, 5, 1.0, 10.0, 1.0).svg().unwrap().contains(notice));
}

#[test]
fn nasty_names_give_a_well_formed_document() {
    let mut example = Example::new(8, 5, 1.0, 10.0, 1.0);
    example.names = [
        "<script>&amp;\"'</script>",
        "]]> <!-- -->",
        "nul \u{0}, bell \u{7}, newline \n, \u{FFFF}",
        "",
        "基因表达 🧬 تعبير",
        "e\u{301}\u{301}\u{301} \u{202E}right to left",
        &"W".repeat(10_000),
        &"<".repeat(500),
    ]
    .map(str::to_owned)
    .to_vec();
    let svg = example.svg().unwrap();
    assert_good(&svg);
    assert!(svg.contains("&lt;script&gt;"));
    assert!(svg.contains("WW…WW"));
    assert!(svg.contains("(no name)"));
    rasterize(&svg).unwrap();
}

#[test]
fn only_the_largest_coefficients_are_named() {
    let svg = Example::new(40, 5, 1.0, 10.0, 1.0).svg().unwrap();
    assert!(svg.contains("\nx0\n") && !svg.contains("\nx20\n"));
    assert!(svg.contains("30 other coefficients in grey"));
}

#[test]
fn the_png_has_twice_the_size_of_the_svg() {
    let png = rasterize(&Example::new(3, 5, 1.0, 10.0, 1.0).svg().unwrap()).unwrap();
    assert_eq!(png[..8], *b"\x89PNG\r\n\x1a\n");
    assert_eq!(png[16..24], [0, 0, 0x07, 0x08, 0, 0, 0x04, 0xB0], "1800 × 1200");
}

#[test]
fn what_is_not_svg_is_refused() {
    assert!(matches!(rasterize("<svg"), Err(PlotError::Svg(_))));
    let huge = r#"<svg xmlns="http://www.w3.org/2000/svg" width="1e9" height="1e9"/>"#;
    assert!(matches!(rasterize(huge), Err(PlotError::TooLarge)));
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let refused = |change: fn(&mut Example)| {
        let mut example = Example::new(2, 3, 1.0, 10.0, 1.0);
        change(&mut example);
        example.svg().unwrap_err().to_string()
    };
    assert_eq!(
        refused(|e| e.values[1][2] = f64::NAN),
        "the coefficient `x1` is NaN at λ number 3: it cannot be drawn"
    );
    assert!(refused(|e| e.values[0][0] = f64::NEG_INFINITY).contains("-inf at λ number 1"));
    assert!(refused(|e| e.values[0][0] = 1e301).contains("cannot be drawn"));
    assert_eq!(refused(|e| e.values[1].truncate(2)), "x1: 2 values for 3 λ");
    assert_eq!(refused(|e| e.sizes.clear()), "support sizes: 0 values for 3 λ");
    assert_eq!(refused(|e| e.lambdas[1] = 5.0), "λ number 2 is larger than the one before it");
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let mut example = Example::new(2, 3, 1.0, 10.0, 1.0);
        example.lambdas[2] = bad;
        assert!(matches!(example.svg(), Err(PlotError::Lambda { index: 2, .. })));
    }
    let empty = Example::new(2, 0, 1.0, 10.0, 1.0);
    assert!(matches!(empty.svg(), Err(PlotError::NoLambdas)));
}
