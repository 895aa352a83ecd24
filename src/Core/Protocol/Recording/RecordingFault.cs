// What can be wrong with a recording.

namespace VmBus.Protocol;

/// <summary>Why a file is no recording, or a damaged one.</summary>
internal enum RecordingFault
{
    /// <summary>Nothing is wrong with it.</summary>
    None = 0,

    /// <summary>It does not begin as recordings do.</summary>
    NotARecording,

    /// <summary>It is of a version of the format that this reader does not know.</summary>
    UnknownVersion,

    /// <summary>The head of the file or a record is not what was written: its checksum differs.</summary>
    ChecksumDiffers,

    /// <summary>The recording begins at a time no calendar has.</summary>
    ImpossibleStart,

    /// <summary>A record keeps more of a message than <see cref="RecordedMessage.MaxLength"/> bytes.</summary>
    LengthOverLimit,

    /// <summary>A record keeps more of a message than it had, or less without need.</summary>
    LengthsDisagree,

    /// <summary>A message went neither way.</summary>
    UnknownDirection,

    /// <summary>A message has an unknown fault.</summary>
    UnknownMessageFault,

    /// <summary>A message went before the one before it, or later than a time span can say.</summary>
    ImpossibleTime,

    /// <summary>A field that is zero in this version is not.</summary>
    ReservedNotZero,
}
