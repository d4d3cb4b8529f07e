//! Numeric and categorical columns side by side, the latter as codes.

use super::cross_products::cross_products;
use super::{Centred, DenseDesign, Design, Moments, sum_over_rows};
use crate::Error;
use faer::{Mat, MatMut};
use rayon::prelude::*;

/// A categorical column: the code of the level of each row, borrowed and never expanded.
#[derive(Debug, Clone, Copy)]
pub struct Factor<'a> {
    codes: &'a [u32],
    n_levels: usize,
}

impl<'a> Factor<'a> {
    /// Codes from 0 to `n_levels − 1`.
    ///
    /// # Errors
    /// If a code is not below `n_levels`.
    pub fn new(codes: &'a [u32], n_levels: usize) -> Result<Self, Error> {
        match codes.iter().position(|&code| code as usize >= n_levels) {
            Some(row) => Err(Error::InvalidCode { row, code: codes[row], n_levels }),
            None => Ok(Self { codes, n_levels }),
        }
    }

    /// `Σ_i v_i` over the rows of each level.
    fn sums(&self, v: &[f64]) -> Vec<f64> {
        sum_over_rows(v.len(), self.n_levels, |rows, sums| {
            for i in rows {
                sums[self.codes[i] as usize] += v[i];
            }
        })
    }
}

/// What stands in a column of a [`MixedDesign`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MixedColumn {
    /// A column of the numeric part.
    Numeric(usize),
    /// 1 in the rows of a level of a factor, else 0.
    Level {
        /// Index of the factor.
        factor: usize,
        /// The level's code.
        level: u32,
    },
}

/// Numeric columns and indicators of the levels of categorical ones, in any order.
///
/// An indicator costs no memory, and a pass over a factor costs one pass over its codes, however many
/// levels it has.
#[derive(Debug, Clone)]
pub struct MixedDesign<'a, T> {
    n_rows: usize,
    numeric: Option<DenseDesign<'a, T>>,
    factors: Vec<Factor<'a>>,
    columns: Vec<MixedColumn>,
}

/// Columns of a selection that are in one part, with their places in the selection.
#[derive(Default)]
struct Part {
    places: Vec<usize>,
    columns: Vec<Centred>,
    /// For factors: the level of each column.
    levels: Vec<u32>,
}

impl<'a, T: Copy + Into<f64> + Send + Sync> MixedDesign<'a, T> {
    /// The `columns` of a numeric part, if there is one, and of `factors`.
    ///
    /// # Errors
    /// If there is no column, one refers to what is not there, or the parts differ in their rows.
    pub fn new(
        numeric: Option<DenseDesign<'a, T>>,
        factors: Vec<Factor<'a>>,
        columns: Vec<MixedColumn>,
    ) -> Result<Self, Error> {
        let of_factor = factors.first().map_or(0, |factor| factor.codes.len());
        let n_rows = numeric.as_ref().map_or(of_factor, Design::n_rows);
        let n_cols = columns.len();
        if n_rows == 0 || n_cols == 0 {
            return Err(Error::EmptyDesign { n_rows, n_cols });
        }
        for factor in &factors {
            Error::check_length("a categorical column", n_rows, factor.codes.len())?;
        }
        for &column in &columns {
            match column {
                MixedColumn::Numeric(column) => {
                    let n_cols = numeric.as_ref().map_or(0, Design::n_cols);
                    if column >= n_cols {
                        return Err(Error::NoSuchColumn { column, n_cols });
                    }
                }
                MixedColumn::Level { factor, level } => {
                    let found = factors
                        .get(factor)
                        .ok_or(Error::NoSuchColumn { column: factor, n_cols: factors.len() })?;
                    if level as usize >= found.n_levels {
                        let n_levels = found.n_levels;
                        return Err(Error::InvalidCode { row: 0, code: level, n_levels });
                    }
                }
            }
        }
        Ok(Self { n_rows, numeric, factors, columns })
    }

    /// Sorts a selection of columns by part: the numeric one and each factor.
    fn parts(&self, columns: &[Centred]) -> (Part, Vec<Part>) {
        let mut numeric = Part::default();
        let mut factors: Vec<Part> = self.factors.iter().map(|_| Part::default()).collect();
        for (place, at) in columns.iter().enumerate() {
            match self.columns[at.column] {
                MixedColumn::Numeric(column) => {
                    numeric.places.push(place);
                    numeric.columns.push(Centred { column, centre: at.centre });
                }
                MixedColumn::Level { factor, level } => {
                    let part = &mut factors[factor];
                    part.places.push(place);
                    part.columns.push(*at);
                    part.levels.push(level);
                }
            }
        }
        (numeric, factors)
    }

    /// For each numeric column of `part`, `Σ_i v_i (x_i − c)` over the rows of each level of `factor`.
    fn by_level(&self, part: &Part, factor: &Factor<'_>, w: &[f64]) -> Vec<Vec<f64>> {
        let of_column = |at: &Centred| {
            let mut x = vec![0.0; self.n_rows];
            if let Some(numeric) = &self.numeric {
                numeric.copy_column(at.column, &mut x);
            }
            let weighted = x.iter().zip(w);
            factor.sums(&weighted.map(|(x, w)| w * (x - at.centre)).collect::<Vec<_>>())
        };
        part.columns.par_iter().map(of_column).collect()
    }
}

/// `Σ_i w_i` over the rows of each pair of a level of `a` and one of `b` that is asked for.
fn cross_table(a: &Factor<'_>, b: &Factor<'_>, wanted: [&Part; 2], w: &[f64]) -> Mat<f64> {
    let place = |factor: &Factor<'_>, part: &Part| {
        let mut places = vec![usize::MAX; factor.n_levels];
        for (place, &level) in part.levels.iter().enumerate() {
            places[level as usize] = place;
        }
        places
    };
    let (of_a, of_b) = (place(a, wanted[0]), place(b, wanted[1]));
    let mut table = Mat::zeros(wanted[0].levels.len(), wanted[1].levels.len());
    for ((&a, &b), w) in a.codes.iter().zip(b.codes).zip(w) {
        let (row, column) = (of_a[a as usize], of_b[b as usize]);
        if row != usize::MAX && column != usize::MAX {
            table[(row, column)] += w;
        }
    }
    // A column that is asked for twice was counted at its last place.
    Mat::from_fn(table.nrows(), table.ncols(), |i, j| {
        table[(of_a[wanted[0].levels[i] as usize], of_b[wanted[1].levels[j] as usize])]
    })
}

impl<T: Copy + Into<f64> + Send + Sync> Design for MixedDesign<'_, T> {
    fn n_rows(&self) -> usize {
        self.n_rows
    }

    fn n_cols(&self) -> usize {
        self.columns.len()
    }

    fn transpose_product(&self, columns: &[Centred], v: &[f64], out: &mut [f64]) {
        let (part, factors) = self.parts(columns);
        if let Some(numeric) = &self.numeric {
            let mut products = vec![0.0; part.columns.len()];
            numeric.transpose_product(&part.columns, v, &mut products);
            for (&place, product) in part.places.iter().zip(products) {
                out[place] = product;
            }
        }
        let total: f64 = v.iter().sum();
        for (part, factor) in
            factors.iter().zip(&self.factors).filter(|(p, _)| !p.places.is_empty())
        {
            let sums = factor.sums(v);
            for ((&place, at), &level) in part.places.iter().zip(&part.columns).zip(&part.levels) {
                out[place] = sums[level as usize] - at.centre * total;
            }
        }
    }

    fn add_product(&self, columns: &[Centred], b: &[f64], out: &mut [f64]) {
        let (part, factors) = self.parts(columns);
        if let Some(numeric) = &self.numeric {
            let of_part: Vec<f64> = part.places.iter().map(|&place| b[place]).collect();
            numeric.add_product(&part.columns, &of_part, out);
        }
        for (part, factor) in
            factors.iter().zip(&self.factors).filter(|(p, _)| !p.places.is_empty())
        {
            let mut of_level = vec![0.0; factor.n_levels];
            let mut shift = 0.0;
            for ((&place, at), &level) in part.places.iter().zip(&part.columns).zip(&part.levels) {
                of_level[level as usize] += b[place];
                shift += b[place] * at.centre;
            }
            for (out, &code) in out.iter_mut().zip(factor.codes) {
                *out += of_level[code as usize] - shift;
            }
        }
    }

    fn gram(&self, rows: &[Centred], columns: &[Centred], w: &[f64], mut out: MatMut<'_, f64>) {
        let ((left, left_factors), (right, right_factors)) =
            (self.parts(rows), self.parts(columns));
        if let Some(numeric) = &self.numeric {
            let mut block = Mat::zeros(left.columns.len(), right.columns.len());
            numeric.gram(&left.columns, &right.columns, w, block.as_mut());
            for (b, &column) in right.places.iter().enumerate() {
                for (a, &row) in left.places.iter().enumerate() {
                    out[(row, column)] = block[(a, b)];
                }
            }
        }
        let total: f64 = w.iter().sum();
        // A numeric column with the indicators of a factor: Σw(x − c)(1[level] − c').
        let mut mixed = |numeric: &Part, factors: &[Part], numeric_is_row: bool| {
            for (part, factor) in factors.iter().zip(&self.factors) {
                if part.places.is_empty() || numeric.places.is_empty() {
                    continue;
                }
                let sums = self.by_level(numeric, factor, w);
                for (&place, sums) in numeric.places.iter().zip(&sums) {
                    let all: f64 = sums.iter().sum();
                    for ((&other, at), &level) in
                        part.places.iter().zip(&part.columns).zip(&part.levels)
                    {
                        let (a, b) = if numeric_is_row { (place, other) } else { (other, place) };
                        out[(a, b)] = sums[level as usize] - at.centre * all;
                    }
                }
            }
        };
        mixed(&left, &right_factors, true);
        mixed(&right, &left_factors, false);
        for (a, (left, of_left)) in left_factors.iter().zip(&self.factors).enumerate() {
            for (b, (right, of_right)) in right_factors.iter().zip(&self.factors).enumerate() {
                if left.places.is_empty() || right.places.is_empty() {
                    continue;
                }
                let (of_rows, of_columns) = (of_left.sums(w), of_right.sums(w));
                let table = (a != b).then(|| cross_table(of_left, of_right, [left, right], w));
                for (l, (&column, right_at)) in right.places.iter().zip(&right.columns).enumerate()
                {
                    for (k, (&row, left_at)) in left.places.iter().zip(&left.columns).enumerate() {
                        let (level, other) = (left.levels[k], right.levels[l]);
                        let cross = match &table {
                            Some(table) => table[(k, l)],
                            None if level == other => of_rows[level as usize],
                            None => 0.0,
                        };
                        out[(row, column)] = cross
                            - left_at.centre * of_columns[other as usize]
                            - right_at.centre * of_rows[level as usize]
                            + left_at.centre * right_at.centre * total;
                    }
                }
            }
        }
    }

    fn cross_products(
        &self,
        columns: &[Centred],
        more: &[&[f64]],
        w: &[f64],
        parts: &[Vec<usize>],
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Option<Vec<Mat<f64>>> {
        let numeric = self.numeric.as_ref()?;
        let is_number = |at: &&Centred| matches!(self.columns[at.column], MixedColumn::Numeric(_));
        // Indicators are mostly zeros, which passes over codes do not touch.
        if 2 * columns.iter().filter(is_number).count() < columns.len() {
            return None;
        }
        cross_products(columns, more, w, parts, stop, |at, rows, out| {
            match self.columns[at.column] {
                MixedColumn::Numeric(column) => {
                    numeric.copy_rows(&Centred { column, ..*at }, rows, out);
                }
                MixedColumn::Level { factor, level } => {
                    let codes = self.factors[factor].codes;
                    for (out, &i) in out.iter_mut().zip(rows) {
                        *out = f64::from(codes[i] == level) - at.centre;
                    }
                }
            }
        })
    }

    fn moments(&self, weights: &[f64]) -> Vec<Moments> {
        let numeric = self.numeric.as_ref().map(|numeric| numeric.moments(weights));
        let counted: Vec<f64> = weights.iter().map(|w| f64::from(*w > 0.0)).collect();
        let n_counted: f64 = counted.iter().sum();
        let of_factor = |factor: &Factor<'_>| (factor.sums(weights), factor.sums(&counted));
        let sums: Vec<(Vec<f64>, Vec<f64>)> = self.factors.iter().map(of_factor).collect();
        let of_column = |column: &MixedColumn| match *column {
            MixedColumn::Numeric(j) => {
                numeric.as_ref().map_or(Moments { mean: 0.0, variance: 0.0 }, |m| m[j])
            }
            MixedColumn::Level { factor, level } => {
                let (weights, counts) = &sums[factor];
                let (mean, count) = (weights[level as usize], counts[level as usize]);
                if count == 0.0 || count == n_counted {
                    let mean = f64::from(count != 0.0);
                    return Moments { mean, variance: 0.0 };
                }
                Moments { mean, variance: mean * (1.0 - mean) }
            }
        };
        self.columns.iter().map(of_column).collect()
    }

    fn find_non_finite(&self) -> Option<(usize, usize)> {
        let (row, column) = self.numeric.as_ref()?.find_non_finite()?;
        let at = MixedColumn::Numeric(column);
        self.columns.iter().position(|of_design| *of_design == at).map(|j| (row, j))
    }

    fn copy_column(&self, column: usize, out: &mut [f64]) {
        match self.columns[column] {
            MixedColumn::Numeric(j) => {
                if let Some(numeric) = &self.numeric {
                    numeric.copy_column(j, out);
                }
            }
            MixedColumn::Level { factor, level } => {
                for (out, &code) in out.iter_mut().zip(self.factors[factor].codes) {
                    *out = f64::from(code == level);
                }
            }
        }
    }
}
