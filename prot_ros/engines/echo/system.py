# SPDX-License-Identifier: Apache-2.0
"""The audio server's own echo canceller: is there one, set one up, take it away again.

PulseAudio and PipeWire have `module-echo-cancel`: a second microphone, from which what is played
to a second loudspeaker has been taken out. Both have to be the defaults to be used.
"""

from __future__ import annotations

from dataclasses import dataclass

from prot_ros.engines.kinds import EngineError
from prot_ros.engines.playback import pulse_control
from prot_ros.engines.playback.pulse_control import Module, pactl

MODULE = 'module-echo-cancel'
SOURCE, SINK = 'prot_microphone', 'prot_loudspeaker'
ARGUMENTS = (
    'aec_method=webrtc',
    # The levels of a voice say how far away somebody is; gain control hides that, and turns the
    # noise of the room up until it passes for speech. Noise suppression takes the beginnings of
    # words with the noise. The extended filter finds an echo that comes later than the server
    # thinks by 100 ms and more, where the other reaches 48; at 70 ms it leaves 28 dB less.
    'aec_args="analog_gain_control=0 digital_gain_control=0 '
    'noise_suppression=0 extended_filter=1"',
)


@dataclass(frozen=True)
class Canceller:
    """An echo canceller in the audio server."""

    source: str
    """The microphone without echo."""
    is_default: bool
    """Whether it is what programs record from unless they are told otherwise."""
    module: Module | None
    """None where the server was configured with it, and has no module that could be unloaded."""


async def find() -> Canceller | None:
    """Return the canceller there is, prot's own first; raise EngineError without a server."""
    default = await pulse_control.default('source')
    loaded = [module for module in await pulse_control.modules() if module.name == MODULE]
    loaded.sort(key=lambda module: module.arguments.get('source_name') != SOURCE)
    for module in loaded:
        source = module.arguments.get('source_name', 'the source of ' + MODULE)
        return Canceller(source, source == default, module)
    for name in await pulse_control.names('sources'):
        if 'echo-cancel' in name.lower() and not name.endswith('.monitor'):
            return Canceller(name, name == default, None)
    return None


async def set_up(source: str = '', sink: str = '') -> Canceller:
    """Load the canceller between a microphone and a loudspeaker ('' = the defaults).

    Raises EngineError where one is missing, or where the server cannot. An attempt that fails has
    left nothing behind.
    """
    source = await _device('source', source, 'microphone')
    sink = await _device('sink', sink, 'loudspeaker')
    try:
        index = (
            await pactl(
                'load-module', MODULE, f'source_name={SOURCE}', f'sink_name={SINK}',
                f'source_master={source}', f'sink_master={sink}', *ARGUMENTS,
            )
        ).strip()  # fmt: skip
    except EngineError as err:
        raise EngineError(
            f'the audio server cannot cancel echo between {source!r} and {sink!r}: {err}; it '
            f'needs {MODULE} with WebRTC (Debian: pulseaudio, or libspa-0.2-modules for PipeWire)'
        ) from err
    try:
        await pactl('set-default-source', SOURCE)
        await pactl('set-default-sink', SINK)
    except BaseException:
        await pactl('unload-module', index)
        raise
    arguments = {'source_name': SOURCE, 'source_master': source, 'sink_master': sink}
    return Canceller(SOURCE, True, Module(index, MODULE, arguments))


async def take_away() -> Canceller | None:
    """Unload prot's canceller, and make the devices behind it the defaults; None without one."""
    found = await find()
    if found is None or found.module is None or found.source != SOURCE:
        return None
    await pactl('unload-module', found.module.index)
    for kind in ('source', 'sink'):
        master = found.module.arguments.get(f'{kind}_master', '')
        # A USB device may have been unplugged since; the server has chosen another then.
        if master in await pulse_control.names(f'{kind}s'):
            await pactl(f'set-default-{kind}', master)
    return found


async def _device(kind: str, wanted: str, called: str) -> str:
    """Return the name of the device that is wanted, or that is the default."""
    there = await pulse_control.names(f'{kind}s')
    if wanted:
        if wanted not in there:
            listed = ', '.join(there) or 'none'
            raise EngineError(f'there is no {kind} {wanted!r}; the {kind}s here are {listed}')
        return wanted
    default = await pulse_control.default(kind)
    # PulseAudio invents a loudspeaker where there is none, and its monitor is no microphone.
    if not default or default not in there or default in ('auto_null', 'auto_null.monitor'):
        raise EngineError(f'the audio server has no {called}; connect one, and see `pactl list`')
    if kind == 'source' and default.endswith('.monitor'):
        raise EngineError(
            f'the default microphone {default!r} records what a loudspeaker plays; name the '
            'microphone with --source'
        )
    return default
