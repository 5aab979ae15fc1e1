"""Plots return Axes that show what they should."""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

import symbij as sb

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _close() -> None:
    yield
    plt.close("all")


def test_bijector_plot() -> None:
    axes = sb.Cubic([1.0, -2.0], [-1.0, 0.4]).plot()
    assert [a.get_title() for a in axes] == ["forward", "inverse", "log|det J|"]
    assert all(len(a.lines) == 2 for a in axes)
    x, y = axes[0].lines[0].get_data()
    np.testing.assert_allclose(y, (x - 1.0) ** 3)
    assert sb.Exp().plot(x=[0.0, 1.0, 2.0])[0].lines[0].get_xdata().tolist() == [0.0, 1.0, 2.0]
    assert np.all(sb.Invert(sb.Sigmoid()).plot()[0].lines[0].get_xdata() < 1.0)


def test_distribution_plot() -> None:
    ax = sb.Exp()(sb.Normal(0.0, 0.5)).plot()
    x, density = ax.lines[0].get_data()
    assert x.min() >= 0
    assert np.trapezoid(density, x) == pytest.approx(0.998, abs=2e-3)
    assert len(sb.Normal([0.0, 1.0], 1.0).plot(ax=plt.subplots()[1]).lines) == 2


def test_fit_plot() -> None:
    result = sb.fit(
        sb.Normal(sb.Variable(0.0), sb.Variable(1.0)), np.linspace(-1, 3, 50), validation=[0.0, 1.0], epochs=3
    )
    density, losses = result.plot()
    assert len(density.lines) == 2
    assert density.containers
    assert [line.get_label() for line in losses.lines] == ["train", "validation"]


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(sb.UsageError, match="elementwise"):
        sb.ScaleMatvecDiag([1.0, 2.0]).plot()
    with pytest.raises(sb.UsageError, match="scalar"):
        sb.ScaleMatvecDiag([1.0, 2.0])(sb.Normal(0.0, 1.0), event_shape=[2]).plot()
