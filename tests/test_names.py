"""Dates in the names of files: the names that phones, messengers and people give, and digits that are no date."""

from __future__ import annotations

from datetime import datetime

import pytest

from imsearch.pictures.metadata.names import moment_of_name

NOW = datetime(2026, 1, 2, 3)
DAY, CLOCK = datetime(2019, 1, 5), datetime(2019, 1, 5, 10, 11, 12)


@pytest.mark.parametrize(
    "name",
    [
        "IMG-20190105-WA0003", "VID-20190105-WA0003", "IMG_20190105", "IMG_E20190105", "20190105", "IMG_20190105_0003",
        "2019-01-05", "2019_01_05 party", "2019.01.05", "scan 2019-01-05 (2)", "WP_20190105_001", "Grandma 20190105",
        "Snapchat_2019-08-12_0516c0a9-5402-f3d7-ae27-19671102f52c-main".replace("08-12", "01-05"),
        "2019-01-05 99.99.99", "20190105_999999", "1920x1080_20190105",
    ],
)  # fmt: skip
def test_days(name: str) -> None:
    assert moment_of_name(name, NOW) == (DAY, None)


@pytest.mark.parametrize(
    "name",
    [
        "20190105_101112", "20190105_101112(0)", "IMG_20190105_101112", "IMG20190105101112", "MVIMG_20190105_101112",
        "BURST20190105101112123", "IMG_20190105_101112-MOTION(1)", "Screenshot_20190105-101112_Chrome",
        "Screenshot_2019-01-05-10-11-12", "Screenshot_2019-01-05-10-11-12-123_com.foo", "signal-2019-01-05-101112",
        "signal-2019-01-05-10-11-12-123", "photo_2019-01-05_10-11-12", "photo_5_2019-01-05_10-11-12",
        "WhatsApp Image 2019-01-05 at 10.11.12", "WhatsApp Image 2019-01-05 at 10.11.12 (1)",
        "WhatsApp Image 2019-01-05 at 10.11.12 AM", "Screenshot 2019-01-05 at 10.11.12\u202fAM",
        "Screen Shot 2019-01-05 at 10.11.12", "Bildschirmfoto 2019-01-05 um 10.11.12",
        "Capture d\u2019écran 2019-01-05 à 10.11.12", "Captura de pantalla 2019-01-05 a las 10.11.12",
        "Skärmavbild 2019-01-05 kl. 10.11.12", "スクリーンショット 2019-01-05 10.11.12",
        "Screenshot from 2019-01-05 10-11-12", "image-2019-01-05-at-10.11.12", "2019-01-05T10:11:12",
        "2019-01-05 10.11.12", "WP_20190105_10_11_12_Pro", "C360_2019-01-05-10-11-12-123",
    ],
)  # fmt: skip
def test_times(name: str) -> None:
    assert moment_of_name(name, NOW) == (CLOCK, None)


def test_clocks_of_twelve_hours_and_of_utc() -> None:
    assert moment_of_name("Screenshot 2019-01-05 at 10.11.12 PM", NOW)[0] == datetime(2019, 1, 5, 22, 11, 12)
    assert moment_of_name("Screenshot 2019-01-05 at 12.11.12 AM", NOW)[0] == datetime(2019, 1, 5, 0, 11, 12)
    for name in ("PXL_20190105_101112345.PORTRAIT", "20190105T101112Z"):
        assert moment_of_name(name, NOW) == (CLOCK, 0)


@pytest.mark.parametrize(
    "name",
    [
        "", "IMG_20191399", "IMG_20190230", "IMG_2019", "2019", "2019-01", "2019-13-01", "2019-02-30", "2019-01-053",
        "12345678", "DSC_20193105", "4917620190105", "+49 176 20190105", "201901051", "20190105123", "1546682400",
        "FB_IMG_1546682400123", "received_1020190105123", "9e8449ee-9f27-440f-949b-69f98a200921", "a1b20190105",
        "20190105a", "abc20190105def", "20190105999999", "20260104", "2099-01-01", "IMG_20991231_101112", "0001-01-01",
        "1066-10-14", "05.01.2019", "x" * 10_000 + "2019-01-05",
    ],
)  # fmt: skip
def test_digits_that_are_no_date(name: str) -> None:
    assert moment_of_name(name, NOW) == (None, None)
