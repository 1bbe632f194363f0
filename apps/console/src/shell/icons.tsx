import type { ReactNode } from "react";

/** Line drawings on a grid of 16. */
function Icon({ children }: { readonly children: ReactNode }) {
  return (
    <svg
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

export const BellowsIcon = () => <Icon><path d="M1.5 13.5 8 2.5l6.5 11zM4.8 8h6.4M3.2 10.7h9.6" /></Icon>; // prettier-ignore
export const FactoryIcon = () => <Icon><path d="M2 14V6.5l4 2.5V6.5l4 2.5V2.5h4V14zM5 11.5h1.5M9.5 11.5H11" /></Icon>; // prettier-ignore
export const GridIcon = () => <Icon><path d="M8 1.5 5 14.5M8 1.5l3 13M3.5 5.5h9M4.5 5.5v1.5M11.5 5.5v1.5M6.2 9.5 10.4 12M9.8 9.5 5.6 12" /></Icon>; // prettier-ignore
export const WorkIcon = () => <Icon><path d="M2 4h7M2 8h12M2 12h5" /><circle cx="12" cy="4" r="1.4" /><circle cx="10" cy="12" r="1.4" /></Icon>; // prettier-ignore
export const TokensIcon = () => <Icon><circle cx="6" cy="10" r="3.8" /><path d="m8.8 7.2 5.2-5.2M11.3 4.7l1.9 1.9" /></Icon>; // prettier-ignore
export const AllotmentIcon = () => <Icon><rect x="2" y="2" width="5" height="5" rx="1" /><rect x="9" y="2" width="5" height="5" rx="1" /><rect x="2" y="9" width="5" height="5" rx="1" /><path d="M11.5 9v5M9 11.5h5" /></Icon>; // prettier-ignore
export const WhyIcon = () => <Icon><circle cx="3.5" cy="4" r="1.8" /><circle cx="12.5" cy="8" r="1.8" /><circle cx="3.5" cy="12" r="1.8" /><path d="m5.2 4.8 5.6 2.5M5.2 11.2l5.6-2.5" /></Icon>; // prettier-ignore
export const SunIcon = () => <Icon><circle cx="8" cy="8" r="3" /><path d="M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1" /></Icon>; // prettier-ignore
export const MoonIcon = () => <Icon><path d="M13.5 9.6A6 6 0 1 1 6.4 2.5a4.8 4.8 0 0 0 7.1 7.1z" /></Icon>; // prettier-ignore
export const BackIcon = () => <Icon><path d="M10 3 5 8l5 5" /></Icon>; // prettier-ignore
export const ForwardIcon = () => <Icon><path d="m6 3 5 5-5 5" /></Icon>; // prettier-ignore
export const CloseIcon = () => <Icon><path d="m4 4 8 8M12 4l-8 8" /></Icon>; // prettier-ignore
