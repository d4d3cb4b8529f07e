"""What can go wrong, as classes.

Bad input raises an :class:`InputError`, which is a :class:`ValueError`; what fails while fitting raises an
:class:`OptimizationError`. Messages say what is wrong, where, and what to do.
"""

__all__ = [
    "BugError",
    "ChamferError",
    "ConstantTargetError",
    "DesignError",
    "InputError",
    "Interrupted",
    "NoSignalError",
    "OptimizationError",
    "PenaltyError",
    "TargetError",
    "WeightError",
]


class ChamferError(Exception):
    """Anything that this package raises on its own account.

    Attributes
    ----------
    row, column : int or None
        Where in the data it is, counted from 0.
    """

    def __init__(self, message="", row=None, column=None):
        super().__init__(message, row, column)
        self.row = row
        self.column = column

    def __str__(self):
        return str(self.args[0])


class InputError(ChamferError, ValueError):
    """What was given cannot be fitted."""


class DesignError(InputError):
    """Something is wrong with ``X``."""


class TargetError(InputError):
    """Something is wrong with ``y``."""


class ConstantTargetError(TargetError):
    """The target does not vary."""


class NoSignalError(InputError):
    """No column is correlated with the target, so there is no largest useful penalty."""


class WeightError(InputError):
    """Something is wrong with the sample weights or the offset."""


class PenaltyError(InputError):
    """Something is wrong with the penalty, its strength, its groups or its bounds."""


class OptimizationError(ChamferError, ArithmeticError):
    """The objective is not finite, or cannot be minimized."""


class BugError(ChamferError, RuntimeError):
    """A defect of this package, and not of your data. Please report it."""

    def __str__(self):
        return (
            f"a defect in chamfer: {self.args[0]}. Your data are not at fault; please report this with "
            "the call that led here and what was printed before it"
        )


class Interrupted(KeyboardInterrupt):
    """Ctrl-C ended a path.

    Attributes
    ----------
    result : PathResult
        What was done until then.
    """

    def __init__(self, result=None):
        super().__init__(result)
        self.result = result

    def __str__(self):
        return "interrupted; what is done is in the `result` of this exception"
