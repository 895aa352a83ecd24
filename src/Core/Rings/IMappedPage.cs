// One page of guest memory, mapped here.

namespace VmBus;

/// <summary>A page of guest memory that is mapped until it is disposed. Views over it must not outlive it.</summary>
internal interface IMappedPage : IDisposable
{
    /// <summary>Where the page is mapped: 4096 bytes.</summary>
    nint Address { get; }
}
