"""Papers that came with a visit's booking."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, PrimaryKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.core.db import Base
from clinic.records.models import Paper
from clinic.scheduling.models.appointments import Appointment


class AppointmentPaper(Base):
    """A paper of the patient's record that belongs to a visit."""

    __tablename__ = "appointment_papers"
    __table_args__ = (
        PrimaryKeyConstraint("appointment_id", "paper_id", name="pk_appointment_papers"),
        Index("ix_appointment_papers_paper", "paper_id"),
    )
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointments.id"))
    paper_id: Mapped[int] = mapped_column(ForeignKey("papers.id", ondelete="CASCADE"))
    appointment: Mapped[Appointment] = relationship()
    paper: Mapped[Paper] = relationship()
