namespace VmBus.Linux;

/// <summary>What a look for a message found.</summary>
internal enum MshvMessageRead
{
    /// <summary>None now.</summary>
    Empty = 0,

    /// <summary>A message.</summary>
    Message,

    /// <summary>None, and none will come: the stream is paused.</summary>
    Paused,
}
