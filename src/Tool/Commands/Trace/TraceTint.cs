namespace VmBus.Tool;

/// <summary>What a piece of a line is, and so how it is coloured.</summary>
internal enum TraceTint
{
    /// <summary>What it says.</summary>
    Plain,

    /// <summary>What can be passed over: times, names of fields, headings.</summary>
    Quiet,

    /// <summary>A message of the guest.</summary>
    ToHost,

    /// <summary>A message of the host.</summary>
    ToGuest,

    /// <summary>What is wrong.</summary>
    Problem,
}
