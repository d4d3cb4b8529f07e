//! Solves a small penalized regression, given as JSON on standard input, with any convex row of the
//! catalogue, from random starts; prints what each start reached.
//!
//! ```text
//! echo '{"x": [[1, 0], [0, 1]], "y": [3, 0.1], "loss": "squared", "row": "hpp", "lambda": 0.2,
//!        "seeds": 3}' | cargo run -q -p chamfer --example solve
//! ```

use chamfer::{
    Block, Blocks, CumulativeSum, Error, Fit, GroupProduct, Groups, Hdp, HdpK, Hpp, HppK,
    MatrixProduct, Objective, Power, Settings, SparseGroup, Square, Start, Unpenalized, minimize,
};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Request {
    /// Rows of the design.
    x: Vec<Vec<f64>>,
    /// The target: a number for each row, or ±1 for the logistic loss.
    y: Vec<f64>,
    loss: Loss,
    row: String,
    lambda: f64,
    /// Of coefficients or groups; the row's own unless given.
    weights: Option<Vec<f64>>,
    /// Coefficients of each group, for rows with groups.
    #[serde(default)]
    groups: Vec<Vec<usize>>,
    /// The share of the lasso in a sparse group.
    #[serde(default)]
    alpha: f64,
    /// μ of the ridge ½μ‖β‖².
    #[serde(default)]
    ridge: f64,
    /// Of the differences that a fused lasso or a trend filter penalizes.
    #[serde(default)]
    order: usize,
    /// Shape of the matrix that β is, column by column.
    #[serde(default)]
    shape: [usize; 2],
    /// How many random starts.
    seeds: u64,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Loss {
    /// ‖y − Xβ‖²/(2n)
    Squared,
    /// Σ ln(1 + exp(−y xᵀβ))/n
    Logistic,
}

#[derive(Serialize)]
struct Answer {
    coefficients: Vec<f64>,
    objective: f64,
    stationarity: f64,
    misalignment: f64,
    evaluations: usize,
}

impl Objective<f64> for Request {
    fn value_and_gradient(&self, beta: &[f64], gradient: &mut [f64]) -> Result<f64, Error> {
        let n = self.y.len() as f64;
        gradient.fill(0.0);
        let mut value = 0.0;
        for (row, &y) in self.x.iter().zip(&self.y) {
            let [loss, slope, _] = self.loss.at(dot(row, beta), y);
            value += loss / n;
            add(gradient, slope / n, row);
        }
        Ok(value)
    }

    fn hessian_product(
        &self,
        beta: &[f64],
        direction: &[f64],
        out: &mut [f64],
    ) -> Result<(), Error> {
        let n = self.y.len() as f64;
        out.fill(0.0);
        for (row, &y) in self.x.iter().zip(&self.y) {
            let [_, _, bend] = self.loss.at(dot(row, beta), y);
            add(out, bend * dot(row, direction) / n, row);
        }
        Ok(())
    }
}

impl Loss {
    /// The loss of one row with two derivatives, at its prediction.
    fn at(self, prediction: f64, y: f64) -> [f64; 3] {
        match self {
            Self::Squared => {
                let residual = prediction - y;
                [0.5 * residual * residual, residual, 1.0]
            }
            Self::Logistic => {
                let margin = y * prediction;
                let wrong = 1.0 / (1.0 + margin.exp());
                // Without overflow at any margin.
                let value = (-margin).max(0.0) + (-margin.abs()).exp().ln_1p();
                [value, -y * wrong, wrong * (1.0 - wrong)]
            }
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(sum: &mut [f64], factor: f64, row: &[f64]) {
    for (sum, x) in sum.iter_mut().zip(row) {
        *sum += factor * x;
    }
}

impl Request {
    fn blocks(&self, d: usize) -> Result<Blocks<f64>, Error> {
        let groups = || Groups::from_indices(&self.groups, d);
        let lambda = self.lambda;
        let block = match self.row.as_str() {
            "hpp" => Block::new(Hpp, d, lambda),
            "hdp" => Block::new(Hdp, d, lambda),
            "hpp_k" => Block::new(HppK::new(2)?, d, lambda),
            "hdp_k" => Block::new(HdpK::new(2.0)?, d, lambda),
            "power" => Block::new(Power::new(2.0)?, d, lambda),
            "square" => Block::new(Square, d, lambda),
            "group" => Block::new(GroupProduct::new(groups()?), d, lambda),
            "group_k" => Block::new(GroupProduct::deep(groups()?, 2)?, d, lambda),
            "nested" => Block::new(GroupProduct::nested(groups()?, 1, 1)?, d, lambda),
            "sparse_group" => Block::new(SparseGroup::new(groups()?, self.alpha)?, d, lambda),
            "matrix" => Block::new(MatrixProduct::new(self.shape[0], self.shape[1], 2)?, d, lambda),
            other => Err(Error::Objective { message: format!("there is no row {other}") }),
        }?;
        let block = match &self.weights {
            Some(weights) => block.with_weights(weights.clone())?,
            None => block,
        };
        Blocks::new(vec![block])
    }

    /// Fits from every seed; `to_beta` makes coefficients of what was optimized.
    fn fits(
        &self,
        objective: &impl Objective<f64>,
        blocks: &Blocks<f64>,
        to_beta: impl Fn(&[f64]) -> Result<Vec<f64>, Error>,
    ) -> Result<Vec<Answer>, Error> {
        let fit = |seed| {
            let start = Start::Random { standard_deviation: 1.0, seed };
            let fit: Fit<f64> = minimize(objective, blocks, start, &Settings::default())?;
            Ok(Answer {
                coefficients: to_beta(&fit.coefficients)?,
                objective: fit.certificate.objective,
                stationarity: fit.certificate.stationarity,
                misalignment: fit.certificate.misalignment,
                evaluations: fit.evaluations,
            })
        };
        (0..self.seeds).map(fit).collect()
    }

    fn solve(&self) -> Result<Vec<Answer>, Error> {
        let d = self.x.first().map_or(0, Vec::len);
        let same = |beta: &[f64]| Ok(beta.to_vec());
        match self.row.as_str() {
            "overlapping" => {
                let (copies, groups) = Groups::overlapping(&self.groups, d)?;
                let n_copies = groups.n_coefficients();
                let row = GroupProduct::new(groups);
                let blocks = Blocks::new(vec![Block::new(row, n_copies, self.lambda)?])?;
                let composed = Objective::compose(self, copies);
                self.fits(&composed, &blocks, |theta| composed.outer(theta))
            }
            "fused" => {
                let differences = CumulativeSum::new(d, self.order)?;
                let blocks = Blocks::new(vec![
                    Block::new(Unpenalized, self.order, 0.0)?,
                    Block::new(Hpp, d - self.order, self.lambda)?,
                ])?;
                let composed = Objective::compose(self, differences);
                self.fits(&composed, &blocks, |theta| composed.outer(theta))
            }
            _ => self.fits(&Objective::with_ridge(self, self.ridge, ..)?, &self.blocks(d)?, same),
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let request: Request = serde_json::from_reader(std::io::stdin())?;
    println!("{}", serde_json::to_string(&request.solve()?)?);
    Ok(())
}
