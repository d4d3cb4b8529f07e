from . import exceptions as exceptions
from . import families as families
from . import parametrizations as parametrizations
from . import penalties as penalties
from ._certificate import Certificate as Certificate
from ._estimators import CoxRegressor as CoxRegressor
from ._estimators import CoxRegressorCV as CoxRegressorCV
from ._estimators import ElasticNet as ElasticNet
from ._estimators import ElasticNetCV as ElasticNetCV
from ._estimators import GroupLasso as GroupLasso
from ._estimators import GroupLassoCV as GroupLassoCV
from ._estimators import Lasso as Lasso
from ._estimators import LassoCV as LassoCV
from ._estimators import MultiTaskLasso as MultiTaskLasso
from ._estimators import MultiTaskLassoCV as MultiTaskLassoCV
from ._estimators import SparseClassifier as SparseClassifier
from ._estimators import SparseClassifierCV as SparseClassifierCV
from ._estimators import SparseRegressor as SparseRegressor
from ._estimators import SparseRegressorCV as SparseRegressorCV
from ._minimize import MinimizeResult as MinimizeResult
from ._minimize import minimize as minimize
from ._path import PathResult as PathResult
from ._path import path as path

__version__: str
