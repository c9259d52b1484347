# SPDX-License-Identifier: Apache-2.0
import pytest

from prot_ros.core.offline.korean.clauses import Noun
from prot_ros.core.offline.romanization import romanised


@pytest.mark.parametrize(
    ('hangul', 'latin'),
    # The examples of the Ministry's own notice, as far as they are names and places.
    [
        ('서울', 'Seoul'), ('부산', 'Busan'), ('종로', 'Jongno'), ('신라', 'Silla'),
        ('한라', 'Halla'), ('왕십리', 'Wangsimni'), ('독립문', 'Dongnimmun'), ('백마', 'Baengma'),
        ('설악', 'Seorak'), ('제주', 'Jeju'), ('울릉', 'Ulleung'), ('구미', 'Gumi'),
        ('앨리스', 'Alice'), ('Alice', 'Alice'), ('서울 Tower', 'Seoul Tower'),
    ],
)  # fmt: skip
def test_name_is_written_in_latin_letters(hangul, latin):
    assert romanised(hangul) == latin


@pytest.mark.parametrize(
    ('word', 'said'),
    [('서울', '서울은 서울로'), ('부산', '부산은 부산으로'), ('미나', '미나는 미나로'),
     ('Seoul', 'Seoul은 Seoul로'), ('Alice', 'Alice는 Alice로')],
)  # fmt: skip
def test_korean_particle_follows_the_sound_before_it(word, said):
    noun = Noun(word)
    assert f'{noun:은|는} {noun:으로|로}' == said
