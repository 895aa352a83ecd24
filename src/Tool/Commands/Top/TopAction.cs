namespace VmBus.Tool;

/// <summary>What a key leaves to do.</summary>
internal enum TopAction
{
    /// <summary>Nothing: the key means nothing.</summary>
    None,

    /// <summary>Draw again what was read.</summary>
    Draw,

    /// <summary>Read now.</summary>
    Refresh,

    /// <summary>End the view.</summary>
    Quit,
}
