namespace VmBus.Switch.Guest;

/// <summary>A load on a device of the guest.</summary>
internal interface ILoad
{
    /// <summary>Its name, without blanks.</summary>
    string Name { get; }

    /// <summary>The kernel's driver of the device.</summary>
    string Driver { get; }

    /// <summary>Runs it: for a while without taking times, then for a while with.</summary>
    /// <param name="warmUp">The first.</param>
    /// <param name="time">The second.</param>
    /// <param name="into">What is measured.</param>
    void Run(TimeSpan warmUp, TimeSpan time, Times into);
}
