namespace VmBus.Tool;

/// <summary>What a piece of a screen is, and so how it is shown.</summary>
internal enum ScreenTint
{
    /// <summary>What it says.</summary>
    Plain,

    /// <summary>What can be passed over.</summary>
    Quiet,

    /// <summary>The heading of a table, or a bar: reversed, with or without colours.</summary>
    Bar,

    /// <summary>What stands out in a bar: the column sorted by.</summary>
    Chosen,

    /// <summary>What is good to know: a state that was asked for.</summary>
    Strong,

    /// <summary>What may become trouble.</summary>
    Warning,

    /// <summary>What is trouble.</summary>
    Alarm,
}
