//! Which coefficients get which parametrization, λ and weights.

use crate::{Error, Parametrization, Scalar, Strength};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::ops::Range;
use std::sync::Arc;

/// Far beyond memory, and small enough that no count of factors overflows.
const MOST_COEFFICIENTS: usize = 1 << 40;

/// A run of consecutive coefficients that share a parametrization and a λ.
#[derive(Debug, Clone)]
pub struct Block<T: Scalar> {
    parametrization: Arc<dyn Parametrization<T>>,
    n_coefficients: usize,
    lambda: T,
    weights: Option<Vec<T>>,
}

impl<T: Scalar> Block<T> {
    /// A block of `n_coefficients` coefficients with one `lambda` for all its terms.
    ///
    /// The weights are those of the parametrization: `√|g|` for groups, else ones.
    ///
    /// # Errors
    /// If there is no coefficient, the parametrization is made for another number of them, or
    /// `lambda` is negative or not finite.
    pub fn new(
        parametrization: impl Parametrization<T> + 'static,
        n_coefficients: usize,
        lambda: T,
    ) -> Result<Self, Error> {
        Self::shared(Arc::new(parametrization), n_coefficients, lambda)
    }

    /// As [`new`](Self::new), for a parametrization that is chosen at run time.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn shared(
        parametrization: Arc<dyn Parametrization<T>>,
        n_coefficients: usize,
        lambda: T,
    ) -> Result<Self, Error> {
        if n_coefficients == 0 {
            return Err(Error::Empty);
        }
        if n_coefficients > MOST_COEFFICIENTS {
            return Err(Error::TooManyCoefficients);
        }
        parametrization.check(n_coefficients)?;
        let weights = parametrization.default_weights();
        let block = Self { parametrization, n_coefficients, lambda, weights };
        block.check(0).map(|()| block)
    }

    /// Multiplies λ by `weights[i]` for term `i`, in place of the default weights: a coefficient,
    /// or a group where the parametrization has groups.
    ///
    /// # Errors
    /// If the number of weights is not the number of terms, or one is not finite and above 0.
    pub fn with_weights(mut self, weights: Vec<T>) -> Result<Self, Error> {
        self.weights = Some(weights);
        self.check(0).map(|()| self)
    }

    /// The same block with another λ, as on a path.
    ///
    /// # Errors
    /// If `lambda` is negative or not finite.
    pub fn with_lambda(mut self, lambda: T) -> Result<Self, Error> {
        self.lambda = lambda;
        self.check(0).map(|()| self)
    }

    /// The block's parametrization.
    #[must_use]
    pub fn parametrization(&self) -> &dyn Parametrization<T> {
        self.parametrization.as_ref()
    }

    /// Number of coefficients.
    #[must_use]
    pub fn n_coefficients(&self) -> usize {
        self.n_coefficients
    }

    /// Number of factors.
    #[must_use]
    pub fn n_factors(&self) -> usize {
        self.parametrization.n_factors(self.n_coefficients)
    }

    /// λ and the weights, as penalties take them.
    #[must_use]
    pub fn strength(&self) -> Strength<'_, T> {
        self.strength_at(self.lambda)
    }

    /// The same with another λ.
    #[must_use]
    pub fn strength_at(&self, lambda: T) -> Strength<'_, T> {
        self.weights
            .as_deref()
            .map_or(Strength::uniform(lambda), |weights| Strength::weighted(lambda, weights))
    }

    /// Checks the block; `position` is its place among others, for the message.
    fn check(&self, position: usize) -> Result<(), Error> {
        let as_f64 = |value: T| value.to_f64().unwrap_or(f64::NAN);
        if !(self.lambda.is_finite() && self.lambda >= T::zero()) {
            return Err(Error::InvalidLambda { block: position, lambda: as_f64(self.lambda) });
        }
        let Some(weights) = &self.weights else {
            return Ok(());
        };
        let n_terms = self.parametrization.n_terms(self.n_coefficients);
        Error::check_length("the weights of a block", n_terms, weights.len())?;
        match weights.iter().position(|w| !(w.is_finite() && *w > T::zero())) {
            None => Ok(()),
            Some(index) => {
                Err(Error::InvalidWeight { block: position, index, weight: as_f64(weights[index]) })
            }
        }
    }
}

/// The blocks of a problem, in the order of the coefficients.
#[derive(Debug, Clone)]
pub struct Blocks<T: Scalar> {
    blocks: Vec<Block<T>>,
}

/// A block with the ranges that it takes of all coefficients and of all factors.
#[derive(Debug, Clone)]
pub(crate) struct Placed<'a, T: Scalar> {
    pub(crate) block: &'a Block<T>,
    pub(crate) coefficients: Range<usize>,
    pub(crate) factors: Range<usize>,
}

impl<T: Scalar> Blocks<T> {
    /// Puts blocks side by side.
    ///
    /// # Errors
    /// If there is no coefficient in all of them.
    pub fn new(blocks: Vec<Block<T>>) -> Result<Self, Error> {
        let blocks = Self { blocks };
        if blocks.n_coefficients() == 0 { Err(Error::Empty) } else { Ok(blocks) }
    }

    /// Number of coefficients of all blocks.
    #[must_use]
    pub fn n_coefficients(&self) -> usize {
        self.blocks.iter().map(Block::n_coefficients).sum()
    }

    /// Number of factors of all blocks.
    #[must_use]
    pub fn n_factors(&self) -> usize {
        self.blocks.iter().map(Block::n_factors).sum()
    }

    /// The blocks with their places.
    pub(crate) fn placed(&self) -> impl Iterator<Item = Placed<'_, T>> {
        self.blocks.iter().scan((0, 0), |(first_coefficient, first_factor), block| {
            let coefficients = *first_coefficient..*first_coefficient + block.n_coefficients();
            let factors = *first_factor..*first_factor + block.n_factors();
            (*first_coefficient, *first_factor) = (coefficients.end, factors.end);
            Some(Placed { block, coefficients, factors })
        })
    }

    /// `β = K(ξ)` for all blocks.
    ///
    /// # Errors
    /// If a slice has the wrong length.
    pub fn collapse(&self, factors: &[T], coefficients: &mut [T]) -> Result<(), Error> {
        self.check_lengths(coefficients, factors)?;
        for at in self.placed() {
            let parametrization = at.block.parametrization();
            parametrization.collapse(&factors[at.factors], &mut coefficients[at.coefficients]);
        }
        Ok(())
    }

    /// The balanced lift of all blocks: see [`Parametrization::lift`].
    ///
    /// # Errors
    /// If a slice has the wrong length.
    pub fn lift(&self, coefficients: &[T], factors: &mut [T]) -> Result<(), Error> {
        self.check_lengths(coefficients, factors)?;
        for at in self.placed() {
            let parametrization = at.block.parametrization();
            parametrization.lift(&coefficients[at.coefficients], &mut factors[at.factors]);
        }
        Ok(())
    }

    /// A start that collapses to `coefficients` and is no saddle: see [`Parametrization::start`].
    ///
    /// # Errors
    /// If a slice has the wrong length.
    pub fn start(&self, coefficients: &[T], factors: &mut [T]) -> Result<(), Error> {
        self.check_lengths(coefficients, factors)?;
        for at in self.placed() {
            let parametrization = at.block.parametrization();
            parametrization.start(&coefficients[at.coefficients], &mut factors[at.factors]);
        }
        Ok(())
    }

    /// Random factors for all blocks: see [`Parametrization::random`]. The same seed gives the same
    /// factors on every machine.
    ///
    /// # Errors
    /// If `standard_deviation` is not finite and above 0, or `factors` has the wrong length.
    pub fn random(&self, standard_deviation: T, seed: u64, factors: &mut [T]) -> Result<(), Error> {
        self.check_factors(factors)?;
        let value = standard_deviation.to_f64().unwrap_or(f64::NAN);
        Error::check_shape("the standard deviation of a random start", value, 0.0)?;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for at in self.placed() {
            let parametrization = at.block.parametrization();
            parametrization.random(standard_deviation, &mut rng, &mut factors[at.factors]);
        }
        Ok(())
    }

    /// The base penalty `Σ λR(β)` over the blocks.
    ///
    /// # Errors
    /// If `coefficients` has the wrong length.
    pub fn penalty(&self, coefficients: &[T]) -> Result<T, Error> {
        self.check_coefficients(coefficients)?;
        let values = self.placed().map(|at| {
            let penalty = at.block.parametrization().penalty();
            penalty.value(&coefficients[at.coefficients], at.block.strength())
        });
        Ok(values.sum())
    }

    /// The surrogate penalty `Σ λR_ξ(ξ)` over the blocks.
    ///
    /// # Errors
    /// If `factors` has the wrong length.
    pub fn surrogate(&self, factors: &[T]) -> Result<T, Error> {
        self.check_factors(factors)?;
        let values = self.placed().map(|at| {
            at.block.parametrization().surrogate(&factors[at.factors], at.block.strength())
        });
        Ok(values.sum())
    }

    pub(crate) fn check_coefficients(&self, coefficients: &[T]) -> Result<(), Error> {
        Error::check_length("the coefficients", self.n_coefficients(), coefficients.len())
    }

    pub(crate) fn check_factors(&self, factors: &[T]) -> Result<(), Error> {
        Error::check_length("the factors", self.n_factors(), factors.len())
    }

    fn check_lengths(&self, coefficients: &[T], factors: &[T]) -> Result<(), Error> {
        self.check_coefficients(coefficients)?;
        self.check_factors(factors)
    }
}
