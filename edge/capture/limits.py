"""The limits a photograph is held to, as settings; the two profiles are starting points for a clinic."""

from pydantic import BaseModel, ConfigDict, Field

from shared.vocabulary import GateProfileName


class GateLimits(BaseModel):
    """What a frame must measure to be kept. Shares are 0 to 1; angles in degrees."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: GateProfileName = Field(description="Name written into every verdict made with these limits.")
    max_yaw_degrees: float = Field(ge=0, le=90, description="Largest turn to either side in the front view.")
    max_pitch_degrees: float = Field(ge=0, le=90, description="Largest tilt up or down, in every view.")
    max_roll_degrees: float = Field(ge=0, le=90, description="Largest lean to a shoulder, in every view.")
    min_side_yaw_degrees: float = Field(ge=0, le=90, description="Least turn in the left and right views.")
    max_side_yaw_degrees: float = Field(ge=0, le=90, description="Largest turn in the left and right views.")
    min_face_share: float = Field(ge=0, le=1, description="Least face width over the picture's shorter side.")
    max_face_share: float = Field(ge=0, le=2, description="Largest face width over the shorter side.")
    max_offset_share: float = Field(
        ge=0, le=0.5, description="Largest distance of the face's middle from the picture's, over its sides."
    )
    max_outside_share: float = Field(ge=0, le=1, description="Largest share of the face beyond the edge.")
    min_inter_eye_pixels: float = Field(
        ge=0, le=10_000, description="Least distance between the eyes, in pixels, corrected for the turn."
    )
    min_luminance: float = Field(ge=0, le=1, description="Least mean luminance of the face.")
    max_luminance: float = Field(ge=0, le=1, description="Largest mean luminance of the face.")
    max_over_exposed_share: float = Field(ge=0, le=1, description="Largest share of the face at 247 or more.")
    max_under_exposed_share: float = Field(ge=0, le=1, description="Largest share of the face at 25 or less.")
    min_cheek_overlap: float = Field(
        ge=0, le=1, description="Least overlap of the cheeks' brightness histograms, front view only."
    )
    sharpness_width_pixels: int = Field(
        ge=64, le=2048, description="Face width, in pixels, at which sharpness is measured."
    )
    min_sharpness: float = Field(ge=0, le=100_000, description="Least sharpness, set per camera by a focus sweep.")
    max_motion_pixels: float = Field(
        ge=0, le=1_000, description="Largest movement of the face since the previous frame, in pixels."
    )
    second_face_share: float = Field(
        ge=0, le=1, description="A further face counts from this share of the largest face's width."
    )


KIOSK_LIMITS = GateLimits(
    profile=GateProfileName.KIOSK,
    max_yaw_degrees=3,
    max_pitch_degrees=3,
    max_roll_degrees=2,
    min_side_yaw_degrees=35,
    max_side_yaw_degrees=55,
    min_face_share=0.60,
    max_face_share=0.80,
    max_offset_share=0.05,
    max_outside_share=0.0,
    min_inter_eye_pixels=90,
    min_luminance=0.35,
    max_luminance=0.65,
    max_over_exposed_share=0.005,
    max_under_exposed_share=0.05,
    min_cheek_overlap=0.48,
    sharpness_width_pixels=256,
    min_sharpness=60,
    max_motion_pixels=2,
    second_face_share=0.2,
)

# Tuned on some seven hundred portraits taken elsewhere: what a person would still call a usable portrait.
IMPORT_LIMITS = GateLimits(
    profile=GateProfileName.IMPORT,
    max_yaw_degrees=20,
    max_pitch_degrees=20,
    max_roll_degrees=15,
    min_side_yaw_degrees=20,
    max_side_yaw_degrees=75,
    min_face_share=0.15,
    max_face_share=0.95,
    max_offset_share=0.30,
    max_outside_share=0.02,
    min_inter_eye_pixels=40,
    min_luminance=0.15,
    max_luminance=0.85,
    max_over_exposed_share=0.10,
    max_under_exposed_share=0.20,
    min_cheek_overlap=0.10,
    sharpness_width_pixels=160,
    min_sharpness=70,
    max_motion_pixels=10,
    second_face_share=0.25,
)
