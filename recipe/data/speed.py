"""Recordings at another speed (Ko et al. 2015, "Audio augmentation for speech recognition")."""

from __future__ import annotations

import fractions

import numpy


def at_speed(samples: numpy.ndarray, speed: float, zeros: int = 16) -> numpy.ndarray:
    """
    A recording played faster or slower, so that pitch and tempo change: resampling with windowed sincs, as sox does it.

    :param samples: [samples]
    :param speed: 1.1 is faster and shorter; at most two digits count
    :param zeros: of the sinc on each side: more are sharper and slower
    :return: [about samples / speed], of the same type
    """
    ratio = fractions.Fraction(speed).limit_denominator(100)
    step, phases = ratio.numerator, ratio.denominator  # output n is at input n * step / phases
    if step == phases or not len(samples):
        return samples
    cutoff = 0.97 * min(1.0, phases / step)  # frequencies that the new rate does not hold are taken away
    reach = int(numpy.ceil(zeros / cutoff))
    offsets = numpy.arange(-reach, reach + 1)
    count = (len(samples) * phases + step - 1) // step
    padded = numpy.pad(samples, (reach, reach + step + 1))
    result = numpy.empty(count, samples.dtype)
    for phase in range(min(phases, count)):
        base, rest = divmod(phase * step, phases)
        distance = offsets - rest / phases
        window = numpy.cos(0.5 * numpy.pi * numpy.clip(distance / (reach + 1), -1, 1)) ** 2
        taps = (cutoff * numpy.sinc(cutoff * distance) * window).astype(samples.dtype)
        amount = len(range(phase, count, phases))
        pieces = numpy.lib.stride_tricks.sliding_window_view(padded, len(taps))[base::step][:amount]
        result[phase::phases] = pieces @ taps
    return result
