//! Which features of the model's input nothing reads.

use crate::graph::{Graph, dims};
use burn::backend::ir::{
    BaseOperationIr as Base, FloatOperationIr as Float, LinearOpIr, MatmulOpIr,
    ModuleOperationIr as Layer, NumericOperationIr as Numeric, OperationIr,
};
use burn::tensor::TensorId;
use std::collections::HashSet;

/// Positions within a sample, row by row, that meet nothing but zero weights. Empty if anything but
/// linear layers over whole samples reads the input: then nothing is known.
pub(super) fn unused(graph: &Graph) -> Vec<usize> {
    let used = used(graph).unwrap_or_default();
    (0..used.len()).filter(|feature| !used[*feature]).collect()
}

/// Which features are read, if that is known.
fn used(graph: &Graph) -> Option<Vec<bool>> {
    // The input itself, and what has its numbers in its order, scaled or shifted as one.
    let mut copies: HashSet<TensorId> = HashSet::from([graph.input]);
    let mut used: Option<Vec<bool>> = None;
    for operation in &graph.operations {
        let Some(read) = operation.inputs().find(|tensor| copies.contains(&tensor.id)) else {
            continue;
        };
        // The first that is read is the input itself.
        let used = used.get_or_insert_with(|| vec![false; dims(read).iter().skip(1).product()]);
        match operation {
            OperationIr::Drop(_) => {}
            OperationIr::BaseFloat(Base::Reshape(_) | Base::Cast(_))
            | OperationIr::NumericFloat(
                _,
                Numeric::AddScalar(_)
                | Numeric::SubScalar(_)
                | Numeric::MulScalar(_)
                | Numeric::DivScalar(_),
            ) => copies.extend(operation.outputs().map(|tensor| tensor.id)),
            OperationIr::Module(Layer::Linear(LinearOpIr { x, weight, .. }))
            | OperationIr::Float(_, Float::Matmul(MatmulOpIr { lhs: x, rhs: weight, .. }))
                if copies.contains(&x.id) && !copies.contains(&weight.id) =>
            {
                let &[features, outputs] = dims(weight) else { return None };
                // Otherwise, it reads parts of samples.
                if features != used.len() || outputs == 0 {
                    return None;
                }
                let values = graph.values.get(&weight.id).filter(|data| data.dtype().is_float())?;
                let values: Vec<f64> = values.iter::<f64>().collect();
                for (used, row) in used.iter_mut().zip(values.chunks(outputs)) {
                    *used |= row.iter().any(|weight| *weight != 0.0);
                }
            }
            _ => return None,
        }
    }
    used.filter(|_| !copies.contains(&graph.output))
}
