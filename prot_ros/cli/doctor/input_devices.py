# SPDX-License-Identifier: Apache-2.0
"""Prints the input devices that PortAudio sees, as a JSON list; run by the doctor as a process."""

from __future__ import annotations

import json


def names() -> list[str]:
    """Return each input device in words, the default one marked."""
    import pyaudio

    audio = pyaudio.PyAudio()
    try:
        try:
            default = audio.get_default_input_device_info()['index']
        except OSError:
            default = None
        found = []
        for index in range(audio.get_device_count()):
            device = audio.get_device_info_by_index(index)
            if device['maxInputChannels'] > 0:
                mark = ' (default)' if index == default else ''
                found.append(f'{index} {device["name"]}{mark}')
        return found
    finally:
        audio.terminate()


if __name__ == '__main__':
    print(json.dumps(names(), ensure_ascii=False))
