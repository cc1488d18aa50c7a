"""Log-mel features of recordings."""

from __future__ import annotations

import wave

import numpy


def read_wav(path: str) -> tuple[numpy.ndarray, int]:
    """
    A mono recording of 16 bits.

    :return: the samples as float32, -1 to 1, and the sampling rate in Hz
    :raises ValueError: if it is another kind of recording
    """
    try:
        with wave.open(path, "rb") as file:
            if file.getnchannels() != 1 or file.getsampwidth() != 2:
                kind = f"{file.getnchannels()} channels of {8 * file.getsampwidth()} bits"
                raise ValueError(f"{path}: a mono recording of 16 bits is wanted, not {kind}")
            samples = numpy.frombuffer(file.readframes(file.getnframes()), "<i2")
            return samples.astype("float32") / 32768.0, file.getframerate()
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{path}: no readable WAV file: {error}") from error


def log_mel(samples: numpy.ndarray, rate: int, *, num_mel: int = 40) -> numpy.ndarray:
    """
    Logarithms of the energies in mel bands, as Kaldi computes them: windows of 25 ms every 10 ms.

    :param samples: -1 to 1
    :param rate: in Hz
    :return: [frames, num_mel], float32
    """
    import kaldi_native_fbank

    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.samp_freq = rate
    options.frame_opts.dither = 0.0  # the same recording gives the same features
    options.frame_opts.snip_edges = False
    options.mel_opts.num_bins = num_mel
    computer = kaldi_native_fbank.OnlineFbank(options)
    computer.accept_waveform(rate, (samples * 32768.0).tolist())
    computer.input_finished()
    return numpy.stack([computer.get_frame(frame) for frame in range(computer.num_frames_ready)])


def normalised(features: numpy.ndarray) -> numpy.ndarray:
    """Each feature with mean 0 and deviation 1 over the recording."""
    return (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-5)


def stacked_frames(features: numpy.ndarray, count: int) -> numpy.ndarray:
    """
    Each ``count`` successive frames as one; a rest that does not fill one is left out.

    :param features: [frames, features]
    :return: [frames // count, count * features]
    """
    frames = len(features) // count
    return features[: frames * count].reshape(frames, count * features.shape[1])
